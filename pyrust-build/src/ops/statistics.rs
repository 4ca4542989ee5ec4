//! Rows of the module `statistics`. The columns are explained in `table`.

use super::table::Row;

/// Of lists: others become one.
pub(super) const STATISTICS: &[Row] = &[
    Row("statistics.fmean", "list[float]", "float", "statistics::fmean", "c!"),
    Row("statistics.fmean", "list[int]", "float", "statistics::fmean", "c!"),
    Row("statistics.mean", "list[float]", "float", "statistics::mean", "c!"),
    Row("statistics.mean", "list[int]", "int | float", "statistics::mean_of_ints", "c!"),
    Row("statistics.median", "list[float]", "float", "statistics::median", "c!"),
    Row("statistics.median", "list[int]", "int | float", "statistics::median_of_ints", "c!"),
    Row("statistics.median_low", "list[float]", "float", "statistics::median_low", "c!"),
    Row("statistics.median_low", "list[int]", "int", "statistics::median_low", "c!"),
    Row("statistics.median_high", "list[float]", "float", "statistics::median_high", "c!"),
    Row("statistics.median_high", "list[int]", "int", "statistics::median_high", "c!"),
    Row("statistics.variance", "list[float]", "float", "statistics::variance", "c!"),
    Row("statistics.variance", "list[int]", "int | float", "statistics::variance_of_ints", "c!"),
    Row("statistics.pvariance", "list[float]", "float", "statistics::pvariance", "c!"),
    Row("statistics.pvariance", "list[int]", "int | float", "statistics::pvariance_of_ints", "c!"),
    Row("statistics.stdev", "list[float]", "float", "statistics::stdev", "c!"),
    Row("statistics.stdev", "list[int]", "float", "statistics::stdev", "c!"),
    Row("statistics.pstdev", "list[float]", "float", "statistics::pstdev", "c!"),
    Row("statistics.pstdev", "list[int]", "float", "statistics::pstdev", "c!"),
];
