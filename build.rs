//! Looks for libpcap, so that the build succeeds with and without it: `cfg(libpcap)` is set where live
//! capture can be linked.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LIBPCAP_LIBDIR");
    println!("cargo::rerun-if-env-changed=WSCOPE_LIBPCAP");
    println!("cargo::rustc-check-cfg=cfg(libpcap)");
    if env::var_os("CARGO_FEATURE_LIVE").is_none() {
        return;
    }
    let wish = env::var("WSCOPE_LIBPCAP").unwrap_or_default();
    let found = wish != "off" && found();
    assert!(
        found || wish != "require",
        "libpcap was not found and WSCOPE_LIBPCAP=require is set: install libpcap-dev"
    );
    if found {
        println!("cargo::rustc-cfg=libpcap");
    } else {
        // Once it is installed, the next build finds it.
        for folder in pkg_config_folders() {
            println!("cargo::rerun-if-changed={folder}");
        }
        println!(
            "cargo::warning=libpcap was not found: wscope is built without live capture (install libpcap-dev)"
        );
    }
}

fn found() -> bool {
    if let Some(folder) = env::var_os("LIBPCAP_LIBDIR") {
        return ["libpcap.so", "libpcap.a", "libpcap.dylib", "wpcap.lib"]
            .iter()
            .any(|name| Path::new(&folder).join(name).exists());
    }
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        // libpcap is part of every macOS SDK.
        Ok("macos") => true,
        Ok("windows") => false,
        _ => ["pkg-config --exists libpcap", "pcap-config --libs"].iter().any(|command| {
            let mut words = command.split(' ');
            let program = words.next().unwrap_or_default();
            Command::new(program).args(words).output().is_ok_and(|run| run.status.success())
        }),
    }
}

/// Where pkg-config looks, as far as these folders exist.
fn pkg_config_folders() -> Vec<String> {
    let asked = Command::new("pkg-config").args(["--variable", "pc_path", "pkg-config"]).output();
    let list = asked.map(|run| String::from_utf8_lossy(&run.stdout).trim().to_owned()).unwrap_or_default();
    list.split(':').filter(|folder| Path::new(folder).is_dir()).map(str::to_owned).collect()
}
