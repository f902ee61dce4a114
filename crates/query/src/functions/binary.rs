//! Bytes: `to_utf8`, `from_utf8`, `to_hex`, `from_hex`, `to_big_endian_32`, `to_big_endian_64`, and `length` in bytes.

use std::sync::Arc;

use arrow::array::{AsArray, BinaryArray, Int64Array};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use datafusion::common::{Result, exec_datafusion_err, plan_err};
use datafusion::functions::expr_fn::{character_length, decode, encode, to_hex, upper};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarUDF, Volatility, cast, create_udf, lit,
};

use super::rewritten::{rewritten, taken};

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        rewritten("to_utf8", 1, bytes, to_utf8),
        rewritten("from_utf8", 1, text, from_utf8),
        rewritten("to_hex", 1, text, hexadecimal),
        rewritten("from_hex", 1, bytes, from_hex),
        rewritten("length", 1, length_type, length),
        rewritten("to_big_endian_32", 1, bytes, to_big_endian_32),
        rewritten("to_big_endian_64", 1, bytes, to_big_endian_64),
    ]
}

fn bytes(_: &ReturnFieldArgs<'_>) -> Result<DataType> {
    Ok(DataType::Binary)
}

fn text(_: &ReturnFieldArgs<'_>) -> Result<DataType> {
    Ok(DataType::Utf8)
}

fn to_utf8(_: &'static str, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<Expr> {
    let [text] = taken(arguments)?;
    Ok(cast(cast(text, DataType::Utf8), DataType::Binary))
}

fn from_utf8(_: &'static str, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<Expr> {
    let [bytes] = taken(arguments)?;
    Ok(cast(bytes, DataType::Utf8))
}

fn from_hex(_: &'static str, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<Expr> {
    let [text] = taken(arguments)?;
    Ok(decode(cast(text, DataType::Binary), lit("hex")))
}

fn to_big_endian_32(_: &'static str, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<Expr> {
    let [number] = taken(arguments)?;
    Ok(big_endian(DataType::Int32).call(vec![cast(number, DataType::Int32)]))
}

fn to_big_endian_64(_: &'static str, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<Expr> {
    let [number] = taken(arguments)?;
    Ok(big_endian(DataType::Int64).call(vec![cast(number, DataType::Int64)]))
}

/// Of bytes as Trino has it, of integers as DataFusion has it.
fn hexadecimal(_: &'static str, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<Expr> {
    let [value] = taken(arguments)?;
    if context.get_data_type(&value)? == DataType::Binary {
        return Ok(upper(encode(value, lit("hex"))));
    }
    Ok(cast(to_hex(cast(value, DataType::Int64)), DataType::Utf8))
}

fn length_type(arguments: &ReturnFieldArgs<'_>) -> Result<DataType> {
    let of = arguments.arg_fields.first().map(|field| field.data_type());
    if of.is_some_and(|of| of.is_string() || matches!(of, DataType::Binary | DataType::Null)) {
        return Ok(DataType::Int64);
    }
    plan_err!("length takes text or bytes; of lists and maps it is cardinality(x)")
}

/// Characters of a text, bytes of bytes.
fn length(_: &'static str, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<Expr> {
    let [value] = taken(arguments)?;
    if context.get_data_type(&value)? == DataType::Binary {
        return Ok(byte_length().call(vec![value]));
    }
    Ok(cast(character_length(cast(value, DataType::Utf8)), DataType::Int64))
}

fn byte_length() -> ScalarUDF {
    let count = |values: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(values)?;
        let lengths: Option<Int64Array> =
            arrays.first().and_then(|array| array.as_binary_opt::<i32>()).map(|array| {
                array.iter().map(|bytes| bytes.and_then(|bytes| i64::try_from(bytes.len()).ok())).collect()
            });
        let lengths = lengths.ok_or_else(|| exec_datafusion_err!("byte_length takes bytes"))?;
        Ok(ColumnarValue::Array(Arc::new(lengths)))
    };
    create_udf("byte_length", vec![DataType::Binary], DataType::Int64, Volatility::Immutable, Arc::new(count))
}

fn big_endian(of: DataType) -> ScalarUDF {
    let bytes = |values: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(values)?;
        let bytes = arrays.first().and_then(|array| {
            let short = array.as_primitive_opt::<Int32Type>();
            let long = array.as_primitive_opt::<Int64Type>();
            let short = short.map(|array| array.iter().map(|value| value.map(i32::to_be_bytes)).collect());
            short
                .or_else(|| long.map(|array| array.iter().map(|value| value.map(i64::to_be_bytes)).collect()))
        });
        let bytes: BinaryArray = bytes.ok_or_else(|| exec_datafusion_err!("it takes an integer"))?;
        Ok(ColumnarValue::Array(Arc::new(bytes)))
    };
    let name = format!("big_endian_{of}");
    create_udf(&name, vec![of], DataType::Binary, Volatility::Immutable, Arc::new(bytes))
}
