//! `[signals]`: what people and machines that watch a run are told, and where.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

/// Less time than this until changes may be gone is not in order, unless the configuration says otherwise.
pub const LOSS_CLOCK_MIN: Duration = Duration::from_secs(6 * 3600);
const EMF_INTERVAL: Duration = Duration::from_secs(60);

/// What a run tells those who watch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signals {
    /// Where `/metrics`, `/livez`, `/readyz` and `/status` are served; `None`: nowhere. Anyone who reaches the address
    /// may read them; they hold names of tables and shards, and no item.
    pub listen: Option<SocketAddr>,
    /// Least time until a change that is not archived may be gone. Below it a table is not in order, and not ready.
    pub loss_clock_min: Duration,
    /// Print CloudWatch metrics in embedded metric format on standard output.
    pub emf: bool,
    /// How often. CloudWatch keeps a metric of one minute; a shorter interval costs more log and shows no more.
    pub emf_interval: Duration,
}

impl Default for Signals {
    fn default() -> Self {
        Self { listen: None, loss_clock_min: LOSS_CLOCK_MIN, emf: false, emf_interval: EMF_INTERVAL }
    }
}

#[derive(Default, Deserialize)]
pub(super) struct SignalsSection {
    listen: Option<String>,
    loss_clock_min: Option<String>,
    #[serde(default)]
    emf: bool,
    emf_interval: Option<String>,
}

impl SignalsSection {
    pub(super) fn checked(self) -> Result<Signals, String> {
        let standard = Signals::default();
        let listen = self.listen.map(|text| {
            text.parse::<SocketAddr>().map_err(|_| {
                format!(
                    "[signals] listen = {text:?} should be an address and a port such as \"127.0.0.1:9464\""
                )
            })
        });
        let time = |key: &str, text: Option<String>, otherwise: Duration| {
            text.map_or(Ok(otherwise), |text| super::duration(key, &text))
        };
        let signals = Signals {
            listen: listen.transpose()?,
            loss_clock_min: time("signals.loss_clock_min", self.loss_clock_min, standard.loss_clock_min)?,
            emf: self.emf,
            emf_interval: time("signals.emf_interval", self.emf_interval, standard.emf_interval)?,
        };
        if signals.loss_clock_min > Duration::from_secs(23 * 3600) {
            return Err(
                "[signals] loss_clock_min should be 23h at most: the service keeps changes for 24 hours"
                    .to_owned(),
            );
        }
        if signals.emf_interval < Duration::from_secs(1) || signals.emf_interval > Duration::from_secs(3600) {
            return Err("[signals] emf_interval should lie between 1s and 1h".to_owned());
        }
        Ok(signals)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Config, Overrides};
    use super::*;

    fn parse(section: &str) -> Result<Signals, String> {
        let text =
            format!("archive = \"a\"\n{section}\n[signing]\nkey = \"file:k\"\n[[table]]\nname = \"t\"\n");
        Config::parse(&text, Path::new("."), &Overrides::default()).map(|config| config.signals)
    }

    #[test]
    fn nothing_is_served_unless_it_is_asked_for() {
        assert_eq!(parse("").unwrap(), Signals::default());
        let signals = parse(
            "[signals]\nlisten = \"[::1]:9464\"\nloss_clock_min = \"2h\"\nemf = true\nemf_interval = \"5s\"",
        );
        let expected = Signals {
            listen: Some("[::1]:9464".parse().unwrap()),
            loss_clock_min: Duration::from_secs(7200),
            emf: true,
            emf_interval: Duration::from_secs(5),
        };
        assert_eq!(signals.unwrap(), expected);
    }

    #[test]
    fn wrong_values_say_what_is_right() {
        for (section, hint) in [
            ("listen = \"9464\"", "127.0.0.1:9464"),
            ("loss_clock_min = \"25h\"", "24 hours"),
            ("emf_interval = \"0s\"", "between"),
            ("emf = \"yes\"", "boolean"),
            ("listens = \"127.0.0.1:1\"", "did you mean listen?"),
        ] {
            let problem = parse(&format!("[signals]\n{section}")).unwrap_err();
            assert!(problem.contains(hint), "{problem}");
        }
    }
}
