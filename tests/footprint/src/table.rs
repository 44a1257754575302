//! The README's table: medians, and ratios to the floor and to the gate.

use std::fmt;

use crate::instructions::Instructions;
use crate::measurement::{Measurement, median};
use crate::sizes::Size;

/// Everything that is known of one subject.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) size: Size,
    pub(crate) measurement: Measurement,
    pub(crate) instructions: Instructions,
}

/// The table. Its first column is the floor, its last one the gate in Python; ours are between them, the gate first.
pub(crate) struct Table<'a>(pub(crate) &'a [Column]);

/// Lambda gives 128 MB so much less than a core: 1,769 MB are one (Lambda's developer guide, "Configure Lambda function memory").
const SLOWER: f64 = 1_769.0 / 128.0;

struct Row {
    figure: String,
    unit: &'static str,
    decimals: usize,
    /// What is compared: memory and time, not what stands for something else.
    of: Box<dyn Fn(&Column) -> f64>,
}

impl Table<'_> {
    fn rows() -> Vec<Row> {
        let row = |figure: &str, unit, decimals, of: Box<dyn Fn(&Column) -> f64>| Row {
            figure: figure.to_owned(),
            unit,
            decimals,
            of,
        };
        type Figures = fn(&Measurement) -> &[f64];
        let times = |figure: &str, figures: Figures| {
            row(
                figure,
                "ms",
                2,
                Box::new(move |column| median(figures(&column.measurement))),
            )
        };
        let small = |figure: &str, figures: Figures| {
            let of = move |column: &Column| median(figures(&column.measurement)) * SLOWER;
            row(figure, "ms", 0, Box::new(of))
        };
        let count = |figure: &str, of: fn(&Instructions) -> u64| {
            let of = move |column: &Column| of(&column.instructions) as f64 / 1e6;
            row(figure, "million", 2, Box::new(of))
        };
        vec![
            row(
                "size",
                "MB",
                2,
                Box::new(|column| column.size.plain as f64 / 1e6),
            ),
            row(
                "size, zipped",
                "MB",
                2,
                Box::new(|column| column.size.zipped as f64 / 1e6),
            ),
            row(
                "peak resident memory",
                "MB",
                1,
                Box::new(|column| median(&column.measurement.peak)),
            ),
            times("init: start to first `next`, plain HTTP", |m| &m.init_plain),
            times("init, TLS", |m| &m.init_tls),
            times("init, TLS, processor", |m| &m.init_processor),
            small("the same on 128 MB", |m| &m.init_processor),
            count("init, plain HTTP, instructions", |i| i.init_plain),
            count("init, TLS, instructions", |i| i.init),
            times("first invocation, plain HTTP", |m| &m.first_plain),
            times("first invocation, TLS", |m| &m.first_tls),
            times("first invocation, TLS, processor", |m| &m.first_processor),
            small("the same on 128 MB", |m| &m.first_processor),
            count("first invocation, TLS, instructions", |i| i.first),
            times("cold start, TLS: init and first invocation", |m| {
                &m.cold_start
            }),
            times("warm invocation", |m| &m.warm),
            times("warm invocation, processor", |m| &m.warm_processor),
            small("the same on 128 MB", |m| &m.warm_processor),
            count("warm invocation, instructions", |i| i.warm),
        ]
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|column| column.name).collect();
        writeln!(f, "| | {} |", names.join(" | "))?;
        writeln!(f, "|---|{}", "---|".repeat(names.len()))?;
        let (floor, gate) = (&self.0[0], &self.0[1]);
        let last = self.0.len() - 1;
        for Row {
            figure,
            unit,
            decimals,
            of,
        } in Self::rows()
        {
            write!(f, "| {figure}, {unit} |")?;
            for (number, column) in self.0.iter().enumerate() {
                let value = of(column);
                // What is deployed of it is a source, without its libraries and its language.
                if number == last && figure.starts_with("size") {
                    write!(f, " – |")?;
                    continue;
                }
                let ratio = match number {
                    0 => String::new(),
                    _ if number == last => format!(" (ours × {:.1})", value / of(gate)),
                    _ => format!(" (× {:.1})", value / of(floor)),
                };
                write!(f, " {value:.decimals$}{ratio} |")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
