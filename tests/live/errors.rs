//! What cannot be captured, and what to do about it.

use std::process::Command;

use crate::run::{can_capture, finished, run, wscope};

#[test]
fn an_interface_that_is_not_there() {
    if !can_capture() {
        return;
    }
    let ran = run(&["live", "-i", "l0"]);
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert_eq!(
        ran.err,
        "error: l0: there is no such interface; did you mean `lo`? `wscope live -D` lists them\n"
    );
    let ran = run(&["live", "-i", "lo,\u{1b}[2Jnowhere"]);
    assert_eq!(ran.code, 2);
    assert!(!ran.err.contains('\u{1b}') && ran.err.contains("there are "), "{}", ran.err);
}

#[test]
fn a_filter_that_is_none_is_pointed_at() {
    if !can_capture() {
        return;
    }
    let ran = run(&["live", "-i", "lo", "-f", "tcp prot 8080"]);
    assert_eq!((ran.code, &*ran.out), (2, ""));
    let expected = "\
error: libpcap does not understand the filter: syntax error
  | tcp prot 8080
  |     ^^^^
  = help: -f takes what tcpdump takes, such as 'tcp port 8080'; -Y filters messages
";
    assert_eq!(ran.err, expected);
    let ran = run(&["live", "-i", "lo", "-Y", "op == txt"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("unknown opcode"), "{}", ran.err);
}

#[cfg(target_os = "linux")]
#[test]
fn without_rights_the_line_that_gives_them_is_named() {
    if !can_capture() {
        return;
    }
    let program = wscope(&["live", "-i", "lo"]);
    let path = program.get_program().to_str().unwrap().to_owned();
    let mut plain = Command::new("setpriv");
    plain.args([
        "--inh-caps=-all",
        "--bounding-set=-all",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ]);
    plain.arg(&path).args(program.get_args());
    if !plain.output().is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("lo: ")) {
        eprintln!("skipped: setpriv is not there, or cannot run the program as another user");
        return;
    }
    let ran = finished(&mut plain);
    assert_eq!((ran.code, &*ran.out), (2, ""));
    let expected = format!(
        "error: lo: no permission to capture\n  = help: give it to the program once: sudo setcap \
         cap_net_raw,cap_net_admin=eip {path}\n"
    );
    assert!(ran.err.starts_with(&expected), "{}", ran.err);
}

#[test]
fn a_user_that_is_not_there() {
    if !can_capture() {
        return;
    }
    let ran = run(&["live", "-i", "lo", "-Z", "nobody-at-all"]);
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.contains("there is no user nobody-at-all"), "{}", ran.err);
}
