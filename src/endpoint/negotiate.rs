//! Which compression is agreed on (RFC 7692 section 7.1): what the server wants, what the client offers.

use std::str::FromStr;

use crate::http::extension::{Deflate, DeflateKind, Extension, Extensions, window_bits};

/// What an endpoint wants of permessage-deflate. Without parameters it takes what the other side wishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The server is to compress each message by itself.
    pub server_no_context_takeover: bool,
    /// The client is to compress each message by itself.
    pub client_no_context_takeover: bool,
    /// The server's window, 8 to 15.
    pub server_max_window_bits: Option<u8>,
    /// The client's window, 8 to 15, where the client can be told (`Some(None)` in an offer: it can).
    pub client_max_window_bits: Option<u8>,
}

/// Parameters as in the header: `server_no_context_takeover; client_max_window_bits=10`, parted by `;` or commas.
impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = format!("{NAME}; {}", text.replace(',', ";"));
        let value = value.trim().trim_end_matches(';').as_bytes();
        let parsed = Extensions::parse([value]);
        match (parsed.list.first().map(Params::read), parsed.malformed.is_empty()) {
            (Some(Ok(params)), true) => Ok(Self {
                server_no_context_takeover: params.server_no_context_takeover,
                client_no_context_takeover: params.client_no_context_takeover,
                server_max_window_bits: params.server_max_window_bits,
                client_max_window_bits: params.client_max_window_bits.flatten(),
            }),
            (Some(Err(error)), _) => Err(error),
            _ => {
                Err("write parameters such as `server_no_context_takeover; client_max_window_bits=10`"
                    .to_owned())
            }
        }
    }
}

/// The parameters of one offer or answer.
#[derive(Default)]
pub(super) struct Params {
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    pub(super) server_max_window_bits: Option<u8>,
    /// `Some(None)` = without a value.
    pub(super) client_max_window_bits: Option<Option<u8>>,
}

impl Params {
    /// Reads them; the error says why such an offer must be declined (RFC 7692 section 7.1), or such an answer fails
    /// the connection.
    pub(super) fn read(extension: &Extension) -> Result<Self, String> {
        let mut params = Self::default();
        for (n, (name, value)) in extension.params.iter().enumerate() {
            if extension.params.iter().take(n).any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                return Err(format!("`{name}` is there twice"));
            }
            let bits = || match value.as_deref().map(window_bits) {
                None => Ok(None),
                Some(Some(bits)) => Ok(Some(bits)),
                Some(None) => Err(format!("`{name}` must be 8 to 15")),
            };
            match (name.to_ascii_lowercase().as_str(), value) {
                ("server_no_context_takeover", None) => params.server_no_context_takeover = true,
                ("client_no_context_takeover", None) => params.client_no_context_takeover = true,
                ("server_max_window_bits", Some(_)) => params.server_max_window_bits = bits()?,
                ("server_max_window_bits", None) => return Err(format!("`{name}` must have a value")),
                ("client_max_window_bits", _) => params.client_max_window_bits = Some(bits()?),
                ("server_no_context_takeover" | "client_no_context_takeover", Some(_)) => {
                    return Err(format!("`{name}` has no value"));
                }
                _ => return Err(format!("permessage-deflate has no parameter `{name}`")),
            }
        }
        Ok(params)
    }
}

/// The server's choice: the first offer that it can take, and the extension that answers it.
#[must_use]
pub fn choose(offers: &[Extension], wanted: &Wanted) -> Option<(Deflate, Extension)> {
    offers
        .iter()
        .filter(|offer| is_deflate(offer))
        .find_map(|offer| answer(&Params::read(offer).ok()?, wanted))
}

fn answer(offer: &Params, wanted: &Wanted) -> Option<(Deflate, Extension)> {
    let mut params = Vec::new();
    let mut flag = |name: &str, set: bool| {
        if set {
            params.push((name.to_owned(), None));
        }
        set
    };
    let server_no_context_takeover = flag(
        "server_no_context_takeover",
        offer.server_no_context_takeover || wanted.server_no_context_takeover,
    );
    // A hint in the offer; binding only if the answer says so.
    let client_no_context_takeover = flag(
        "client_no_context_takeover",
        offer.client_no_context_takeover || wanted.client_no_context_takeover,
    );
    let smaller = |a: Option<u8>, b: Option<u8>| a.into_iter().chain(b).min();
    let server_bits = smaller(offer.server_max_window_bits, wanted.server_max_window_bits);
    let client_bits = match (offer.client_max_window_bits, wanted.client_max_window_bits) {
        // This client cannot be told: the offer does not fit what is wanted.
        (None, Some(bits)) if bits < 15 => return None,
        (None, _) => None,
        (Some(hint), wanted) => smaller(hint, wanted),
    };
    for (name, bits) in [("server_max_window_bits", server_bits), ("client_max_window_bits", client_bits)] {
        if let Some(bits) = bits {
            params.push((name.to_owned(), Some(bits.to_string())));
        }
    }
    let deflate = Deflate {
        kind: DeflateKind::PermessageDeflate,
        client_no_context_takeover,
        server_no_context_takeover,
        client_max_window_bits: client_bits.unwrap_or(15),
        server_max_window_bits: server_bits.unwrap_or(15),
    };
    Some((deflate, Extension { name: NAME.to_owned(), params }))
}

/// What a client offers for what it wants.
pub(super) fn offer(wanted: &Wanted) -> Extension {
    let mut params = Vec::new();
    for (name, set) in [
        ("server_no_context_takeover", wanted.server_no_context_takeover),
        ("client_no_context_takeover", wanted.client_no_context_takeover),
    ] {
        if set {
            params.push((name.to_owned(), None));
        }
    }
    if let Some(bits) = wanted.server_max_window_bits {
        params.push(("server_max_window_bits".to_owned(), Some(bits.to_string())));
    }
    params.push((
        "client_max_window_bits".to_owned(),
        wanted.client_max_window_bits.map(|bits| bits.to_string()),
    ));
    Extension { name: NAME.to_owned(), params }
}

/// What a server's answer means to the client that offered this; the error fails the connection.
pub(super) fn accepted(answer: &Extension, wanted: &Wanted) -> Result<Deflate, String> {
    let params = Params::read(answer)?;
    if wanted.server_no_context_takeover && !params.server_no_context_takeover {
        return Err("the server does not accept server_no_context_takeover".to_owned());
    }
    if let Some(wanted) = wanted.server_max_window_bits
        && params.server_max_window_bits.is_none_or(|bits| bits > wanted)
    {
        return Err(format!("the server does not accept server_max_window_bits={wanted}"));
    }
    let client_bits = match params.client_max_window_bits {
        Some(None) => return Err("client_max_window_bits must have a value in an answer".to_owned()),
        Some(bits) => bits.into_iter().chain(wanted.client_max_window_bits).min(),
        None => wanted.client_max_window_bits,
    };
    Ok(Deflate {
        kind: DeflateKind::PermessageDeflate,
        // What a client does of its own accord needs nobody's consent.
        client_no_context_takeover: params.client_no_context_takeover || wanted.client_no_context_takeover,
        server_no_context_takeover: params.server_no_context_takeover,
        client_max_window_bits: client_bits.unwrap_or(15),
        server_max_window_bits: params.server_max_window_bits.unwrap_or(15),
    })
}

/// It is permessage-deflate.
pub(super) fn is_deflate(extension: &Extension) -> bool {
    extension.deflate_kind() == Some(DeflateKind::PermessageDeflate)
}

const NAME: &str = "permessage-deflate";

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(offer: &str, wanted: &str) -> Option<String> {
        let offers = Extensions::parse([offer.as_bytes()]);
        assert_eq!(offers.malformed, []);
        let (deflate, answer) = choose(&offers.list, &wanted.parse().unwrap())?;
        // The answer means to everybody what it means to us.
        assert_eq!(Deflate::agreed(&offers.list, std::slice::from_ref(&answer)), Some(deflate));
        Some(answer.to_string())
    }

    #[test]
    fn answers() {
        let table = [
            // RFC 7692 section 7.1.3, its examples.
            ("permessage-deflate", "", "permessage-deflate"),
            (
                "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
                "",
                "permessage-deflate; server_max_window_bits=10",
            ),
            (
                "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits",
                "server_max_window_bits=9,client_max_window_bits=12",
                "permessage-deflate; server_max_window_bits=9; client_max_window_bits=12",
            ),
            // A first offer that cannot be taken.
            ("permessage-deflate; foo, permessage-deflate", "", "permessage-deflate"),
            ("permessage-deflate; server_max_window_bits, PerMessage-Deflate", "", "permessage-deflate"),
            (
                "foo; bar=1, permessage-deflate; server_max_window_bits=\"8\"",
                "",
                "permessage-deflate; server_max_window_bits=8",
            ),
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                "",
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            ),
            (
                "permessage-deflate",
                "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=11",
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=11",
            ),
            (
                "permessage-deflate; client_max_window_bits=10",
                "client_max_window_bits=12",
                "permessage-deflate; client_max_window_bits=10",
            ),
            ("permessage-deflate", "client_max_window_bits=15", "permessage-deflate"),
        ];
        for (offer, wanted, answer) in table {
            assert_eq!(chosen(offer, wanted).as_deref(), Some(answer), "{offer} for {wanted}");
        }
    }

    #[test]
    fn offers_that_are_declined() {
        for offer in [
            "x-webkit-deflate-frame",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=010",
            "permessage-deflate; client_max_window_bits=8; client_max_window_bits=8",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; s2c_max_window_bits=10",
        ] {
            assert_eq!(chosen(offer, ""), None, "{offer}");
        }
        assert_eq!(chosen("permessage-deflate", "client_max_window_bits=9"), None);
    }

    #[test]
    fn what_is_wanted() {
        let all = "server_no_context_takeover;client_no_context_takeover, server_max_window_bits=8;client_max_window_bits=15";
        let wanted: Wanted = all.parse().unwrap();
        assert_eq!(
            offer(&wanted).to_string(),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=15"
        );
        assert_eq!("".parse(), Ok(Wanted::default()));
        for bad in ["window=9", "server_max_window_bits=16", "server_max_window_bits", "a b"] {
            assert!(bad.parse::<Wanted>().is_err(), "{bad}");
        }
    }
}
