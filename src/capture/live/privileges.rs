//! Rights that are not needed any more once the interfaces are open.
//!
//! Root becomes the user who called `sudo`; without `sudo`, the owner of the folder that is written to, as later
//! files are created there too; else nobody. A process that has capabilities without being root loses them. In any
//! case, no program that it might start could get more.
//!
//! Threads have rights of their own: this is to be called before there are any, those that listen included.

use std::io;
use std::path::Path;

/// Gives up what rights there are beyond a plain user's. `user`: whom root is to become; `folder`: where files will
/// be created. Returns who the process is now, where that has changed.
///
/// # Errors
/// Where there is no such user, or the rights cannot be given up: then the process must not go on.
#[cfg(all(libpcap, target_os = "linux"))]
pub fn give_up(user: Option<&str>, folder: Option<&Path>) -> io::Result<Option<String>> {
    use nix::unistd::{Uid, User, setresgid, setresuid};

    nix::sys::prctl::set_no_new_privs()?;
    if !Uid::effective().is_root() {
        if let Some(user) = user {
            let what = format!("only root can become {user}");
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
        }
        drop_capabilities()?;
        return Ok(None);
    }
    let (uid, gid) = whom(user, folder)?;
    if uid.is_root() {
        // Root without capabilities has the rights of a file's owner, and no more.
        drop_capabilities()?;
        return Ok(None);
    }
    let user = User::from_uid(uid)?;
    groups(user.as_ref(), gid)?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    drop_capabilities()?;
    if nix::unistd::seteuid(Uid::from_raw(0)).is_ok() {
        return Err(io::Error::other("the rights of root could not be given up"));
    }
    Ok(Some(user.map_or_else(|| format!("user {uid}"), |user| user.name)))
}

/// There is nothing to give up: without libpcap, no rights were needed; elsewhere, they are those of the one who
/// opened the device, which only root can give away.
#[cfg(not(all(libpcap, target_os = "linux")))]
pub fn give_up(user: Option<&str>, _: Option<&Path>) -> io::Result<Option<String>> {
    match user {
        Some(_) => Err(io::Error::new(io::ErrorKind::Unsupported, "on this system, the user stays the same")),
        None => Ok(None),
    }
}

#[cfg(all(libpcap, target_os = "linux"))]
fn whom(user: Option<&str>, folder: Option<&Path>) -> io::Result<(nix::unistd::Uid, nix::unistd::Gid)> {
    use std::env;
    use std::os::unix::fs::MetadataExt;

    use nix::unistd::{Gid, Uid, User};

    if let Some(name) = user {
        let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("there is no user {name}"));
        let user = User::from_name(name)?.ok_or_else(unknown)?;
        return Ok((user.uid, user.gid));
    }
    let number = |name| env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    if let (Some(uid), Some(gid)) = (number("SUDO_UID"), number("SUDO_GID"))
        && uid != 0
    {
        return Ok((Uid::from_raw(uid), Gid::from_raw(gid)));
    }
    if let Some(folder) = folder {
        let owner = folder.metadata()?;
        return Ok((Uid::from_raw(owner.uid()), Gid::from_raw(owner.gid())));
    }
    let nobody = User::from_name("nobody")?.map(|user| (user.uid, user.gid));
    Ok(nobody.unwrap_or((Uid::from_raw(NOBODY), Gid::from_raw(NOBODY))))
}

/// The number of nobody where no user has that name.
#[cfg(all(libpcap, target_os = "linux"))]
const NOBODY: u32 = 65_534;

/// The groups of a user, rather than those of root.
#[cfg(all(libpcap, target_os = "linux"))]
fn groups(user: Option<&nix::unistd::User>, gid: nix::unistd::Gid) -> io::Result<()> {
    let name = user.and_then(|user| std::ffi::CString::new(user.name.as_str()).ok());
    match name {
        Some(name) => nix::unistd::initgroups(&name, gid)?,
        None => nix::unistd::setgroups(&[gid])?,
    }
    Ok(())
}

#[cfg(all(libpcap, target_os = "linux"))]
fn drop_capabilities() -> io::Result<()> {
    use caps::{CapSet, Capability, has_cap};

    // The bounding set can be left as it is where there is no right to change it.
    if has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).unwrap_or(false) {
        for capability in caps::all() {
            // One that this kernel does not know.
            let _ = caps::drop(None, CapSet::Bounding, capability);
        }
    }
    for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set).map_err(io::Error::other)?;
    }
    Ok(())
}
