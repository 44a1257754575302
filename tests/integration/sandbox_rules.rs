//! The documented rules of CodePipeline that the sandbox plays. Each test states its rule and the page of the user guide
//! that it comes from.

mod actions;
mod retries;
mod stages;
mod stops;
