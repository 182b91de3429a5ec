//! `config.toml`: what is crawled, how politely, and where the archive is.
