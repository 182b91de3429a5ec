//! When a site is crawled by itself: a cron expression, or an interval.

use croner::Cron;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A rule for the scheduler.
#[derive(Debug, Clone)]
pub enum When {
    /// At these times, in the site's zone: minute, hour, day of the month, month, day of the week.
    Cron(Box<Cron>),
    /// This long after the last crawl began.
    Every(Duration),
}

/// No site is crawled more often.
const LEAST: Duration = Duration::from_secs(60);

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split_whitespace().count();
        let advice = "write a cron expression such as \"0 2 * * *\" or an interval such as \"6h\"";
        if words == 5 {
            let cron = Cron::from_str(text).map_err(|why| format!("{why}; {advice}"))?;
            // "31 February" never comes.
            let now = chrono::Utc::now();
            return match cron.find_next_occurrence(&now, false) {
                Ok(_) => Ok(Self::Cron(Box::new(cron))),
                Err(why) => Err(format!("it never comes ({why}); {advice}")),
            };
        }
        match humantime::parse_duration(text) {
            Ok(every) if every >= LEAST => Ok(Self::Every(every)),
            Ok(_) => Err(format!("a minute is the least; {advice}")),
            Err(_) => Err(format!("it is neither; {advice}")),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(cron) => f.write_str(cron.as_str()),
            Self::Every(every) => {
                write!(f, "every {}", humantime::format_duration(*every))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_both_kinds_and_mistakes() {
        for good in ["0 2 * * *", "*/15 0-6 * * MON-FRI", "6h", "1d 12h"] {
            good.parse::<When>().unwrap();
        }
        for bad in [
            "",
            "61 * * * *",
            "0 2 * *",
            "0 0 31 2 *",
            "10s",
            "daily at two",
            "* * * * * *",
        ] {
            let why = bad.parse::<When>().unwrap_err();
            assert!(why.contains("0 2 * * *"), "{bad}: {why}");
        }
    }
}
