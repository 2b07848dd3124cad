//! The proleptic Gregorian calendar on 64-bit days: years from -999,999,999 to +999,999,999, ISO weeks, quarters.

/// The largest year either way.
pub(super) const YEAR_MAX: i64 = 999_999_999;
pub(super) const NS_PER_SECOND: u64 = 1_000_000_000;
pub(super) const NS_PER_DAY: u64 = 86_400 * NS_PER_SECOND;

/// A year, month and day that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    pub year: i64,
    pub month: i64,
    pub day: i64,
}

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) fn days_in_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years begin in March here, so that the leap day is the last of the year; 400 years are 146,097
/// days and 719,468 lie between 0000-03-01 and 1970-01-01.
pub(super) fn days_of(civil: Civil) -> i64 {
    let year = if civil.month <= 2 { civil.year - 1 } else { civil.year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = (civil.month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + civil.day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_of`].
pub(super) fn civil_of(days: i64) -> Civil {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil { year, month, day }
}

/// 1 is Monday.
pub(super) fn day_of_week(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

pub(super) fn day_of_year(days: i64) -> i64 {
    days - days_of(Civil { year: civil_of(days).year, month: 1, day: 1 }) + 1
}

/// Monday of the first ISO week: the one with 4 January.
pub(super) fn first_week(week_year: i64) -> i64 {
    let fourth = days_of(Civil { year: week_year, month: 1, day: 4 });
    fourth - (day_of_week(fourth) - 1)
}

/// ISO week-year and week.
pub(super) fn week_of(days: i64) -> (i64, i64) {
    let thursday = days - (day_of_week(days) - 1) + 3;
    let week_year = civil_of(thursday).year;
    (week_year, (days - first_week(week_year)) / 7 + 1)
}

pub(super) fn weeks_in_year(week_year: i64) -> i64 {
    (first_week(week_year + 1) - first_week(week_year)) / 7
}

pub(super) fn quarter_of(month: i64) -> i64 {
    (month - 1) / 3 + 1
}

/// First day of a quarter.
pub(super) fn first_of_quarter(year: i64, quarter: i64) -> i64 {
    days_of(Civil { year, month: (quarter - 1) * 3 + 1, day: 1 })
}

/// Months later (or earlier), the day clamped to the month's end. None beyond the years that can be written.
pub(super) fn add_months(days: i64, months: i64) -> Option<i64> {
    let civil = civil_of(days);
    let month0 = (civil.year * 12 + civil.month - 1).checked_add(months)?;
    let (year, month) = (month0.div_euclid(12), month0.rem_euclid(12) + 1);
    if year.abs() > YEAR_MAX {
        return None;
    }
    Some(days_of(Civil { year, month, day: civil.day.min(days_in_month(year, month)) }))
}

/// Is the day within the years that can be written?
pub(super) fn in_range(days: i64) -> bool {
    (days_of(Civil { year: -YEAR_MAX, month: 1, day: 1 })..=days_of(Civil {
        year: YEAR_MAX,
        month: 12,
        day: 31,
    }))
        .contains(&days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        for days in (-800_000..800_000).step_by(37).chain([-365_243_219_162, 365_241_780_471]) {
            assert_eq!(days_of(civil_of(days)), days);
        }
        assert_eq!(civil_of(0), Civil { year: 1970, month: 1, day: 1 });
        assert_eq!(civil_of(-1), Civil { year: 1969, month: 12, day: 31 });
        assert_eq!(civil_of(11_016), Civil { year: 2000, month: 2, day: 29 });
    }

    #[test]
    fn weeks_belong_to_the_year_of_their_thursday() {
        let days = |year, month, day| days_of(Civil { year, month, day });
        assert_eq!(week_of(days(1984, 1, 1)), (1983, 52));
        assert_eq!(week_of(days(1984, 11, 11)), (1984, 45));
        assert_eq!(week_of(days(2015, 7, 23)), (2015, 30));
        assert_eq!(week_of(days(2021, 1, 3)), (2020, 53));
        assert_eq!(day_of_week(days(2015, 7, 23)), 4);
        assert_eq!(weeks_in_year(2020), 53);
    }
}
