//! Bytes: `to_utf8`, `from_utf8`, `to_hex`, `from_hex`, `to_big_endian_32`, `to_big_endian_64`, and `length` in bytes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Int64Array};
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
        rewritten(
            "to_utf8",
            1,
            |_| Ok(DataType::Binary),
            |_, arguments, _| {
                let [text] = taken(arguments)?;
                Ok(cast(cast(text, DataType::Utf8), DataType::Binary))
            },
        ),
        rewritten(
            "from_utf8",
            1,
            |_| Ok(DataType::Utf8),
            |_, arguments, _| {
                let [bytes] = taken(arguments)?;
                Ok(cast(bytes, DataType::Utf8))
            },
        ),
        rewritten(
            "from_hex",
            1,
            |_| Ok(DataType::Binary),
            |_, arguments, _| {
                let [text] = taken(arguments)?;
                Ok(decode(cast(text, DataType::Binary), lit("hex")))
            },
        ),
        rewritten("to_hex", 1, |_| Ok(DataType::Utf8), hexadecimal),
        rewritten("length", 1, length_type, length),
        big_endian("to_big_endian_32", DataType::Int32),
        big_endian("to_big_endian_64", DataType::Int64),
    ]
}

/// Of bytes as Trino has it, of integers as DataFusion has it.
fn hexadecimal(_: &'static str, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<Expr> {
    let [value] = taken(arguments)?;
    Ok(match context.get_data_type(&value)? {
        DataType::Binary => upper(encode(value, lit("hex"))),
        _ => cast(to_hex(cast(value, DataType::Int64)), DataType::Utf8),
    })
}

fn length_type(arguments: &ReturnFieldArgs<'_>) -> Result<DataType> {
    match arguments.arg_fields.first().map(|field| field.data_type()) {
        Some(
            DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Binary | DataType::Null,
        ) => Ok(DataType::Int64),
        _ => plan_err!("length takes text or bytes; of lists and maps it is cardinality(x)"),
    }
}

/// Characters of a text, bytes of bytes.
fn length(_: &'static str, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<Expr> {
    let [value] = taken(arguments)?;
    Ok(match context.get_data_type(&value)? {
        DataType::Binary => byte_length().call(vec![value]),
        _ => cast(character_length(cast(value, DataType::Utf8)), DataType::Int64),
    })
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

fn big_endian(name: &str, of: DataType) -> ScalarUDF {
    let bytes = |values: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(values)?;
        let array: Option<ArrayRef> = arrays.first().and_then(|array| {
            let bytes: BinaryArray = match array.data_type() {
                DataType::Int32 => {
                    let array = array.as_primitive_opt::<Int32Type>()?;
                    array.iter().map(|value| value.map(i32::to_be_bytes)).collect()
                }
                _ => {
                    let array = array.as_primitive_opt::<Int64Type>()?;
                    array.iter().map(|value| value.map(i64::to_be_bytes)).collect()
                }
            };
            Some(Arc::new(bytes) as ArrayRef)
        });
        Ok(ColumnarValue::Array(array.ok_or_else(|| exec_datafusion_err!("it takes an integer"))?))
    };
    create_udf(name, vec![of], DataType::Binary, Volatility::Immutable, Arc::new(bytes))
}
