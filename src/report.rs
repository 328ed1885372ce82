//! Events into output formats.
