//! Filters: components that judge records.
