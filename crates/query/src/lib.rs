//! x
use datafusion as _;
