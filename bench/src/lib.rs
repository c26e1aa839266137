//! A pure state machine; see ARCHITECTURE.md.
