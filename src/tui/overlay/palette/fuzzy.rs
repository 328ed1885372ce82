//! Finds names by some of their letters.

/// How well letters that are typed fit a name: they must stand in it, in this order, in any case. `None` = they do not. Letters
/// side by side and at the beginnings of words count for more, gaps and long names for less.
pub(super) fn score(query: &str, name: &str) -> Option<i32> {
    let name: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    let words = query.split_whitespace();
    let mut total = -(name.len() as i32) / 16;
    for word in words {
        let letters: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
        total += best(&letters, &name)?;
    }
    Some(total)
}

/// The best of all places where the first letter stands.
fn best(letters: &[char], name: &[char]) -> Option<i32> {
    let first = letters.first()?;
    let starts = name.iter().enumerate().filter(|(_, c)| *c == first).map(|(at, _)| at);
    starts.filter_map(|start| from(letters, name, start)).max()
}

fn from(letters: &[char], name: &[char], start: usize) -> Option<i32> {
    let (mut total, mut at, mut last) = (0, start, None);
    for letter in letters {
        let found = at + name.get(at..)?.iter().position(|c| c == letter)?;
        let begins = found == 0 || name.get(found - 1).is_some_and(|c| !c.is_alphanumeric());
        total += match last {
            Some(last) if last + 1 == found => 6,
            _ if begins => 5,
            Some(last) => 1 - ((found - last) as i32).min(4),
            None => 1,
        };
        total += i32::from(found == 0) * 2;
        (last, at) = (Some(found), found + 1);
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_comes_first() {
        let names = [
            "last; resume following the tail",
            "filter",
            "follow the tail",
            "half a page down",
            "copy the id",
        ];
        for (query, expected) in [("fol", 2), ("tail fo", 2), ("flt", 1), ("cid", 4), ("PAGE", 3), ("hpd", 3)]
        {
            let best = (0..names.len()).max_by_key(|n| score(query, names[*n])).unwrap();
            assert_eq!(names[best], names[expected], "{query}");
        }
        assert_eq!(score("xyz", "filter"), None);
        assert_eq!(score("retlif", "filter"), None);
        assert!(score("", "filter") > score("", "a name that is much longer than the other one"));
    }
}
