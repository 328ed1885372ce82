//! `--violate` of the commands that speak the protocol themselves.

use crate::audit::select::Selector;
use crate::endpoint::Role;
use crate::endpoint::breach::Breach;
use crate::violate;

use super::session;

/// What the named rules make an endpoint do. Those that it cannot break are left out where a whole family was
/// named, with a remark unless `quiet`.
///
/// # Errors
/// Where none can be broken, or one that was named by itself cannot.
pub(super) fn breaches(selectors: &[Selector], role: Role, quiet: bool) -> anyhow::Result<Vec<Breach>> {
    let who = if role == Role::Server { "server" } else { "client" };
    let mut breaches = Vec::new();
    for selector in selectors {
        let chosen: Vec<_> = violate::all(role).filter(|(rule, _)| selector.matches(rule)).collect();
        let alone = chosen.len() == 1;
        let before = breaches.len();
        for (rule, breach) in chosen {
            match breach {
                Ok(breach) => breaches.push(breach),
                Err(why) if alone => {
                    anyhow::bail!("a {who} cannot break {}: {why}; it can break {}", rule.code, list(role))
                }
                Err(why) if !quiet => session::note(&format!("{} is left out: {why}", rule.code)),
                Err(_) => {}
            }
        }
        anyhow::ensure!(
            breaches.len() > before,
            "a {who} can break no rule of {selector}; it can break {}",
            list(role)
        );
    }
    Ok(breaches)
}

/// The codes of what can be broken.
fn list(role: Role) -> String {
    let codes = violate::all(role).filter(|(_, breach)| breach.is_ok());
    codes.map(|(rule, _)| rule.code).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str], role: Role) -> Result<Vec<&'static str>, String> {
        let selectors: Vec<Selector> = names.iter().map(|name| name.parse().unwrap()).collect();
        let breaches = breaches(&selectors, role, true).map_err(|error| error.to_string())?;
        Ok(breaches.iter().map(|breach| breach.code).collect())
    }

    #[test]
    fn rules_by_code_name_and_family() {
        assert_eq!(named(&["F005", "reset"], Role::Server), Ok(vec!["F005", "C011"]));
        assert_eq!(named(&["K"], Role::Client), Ok(vec!["K001", "K002", "K003"]));
        let error = named(&["F004"], Role::Server).unwrap_err();
        assert!(error.starts_with("a server cannot break F004: ") && error.contains(" F005, "), "{error}");
        let error = named(&["N"], Role::Server).unwrap_err();
        assert!(error.starts_with("a server can break no rule of N; it can break H"), "{error}");
    }
}
