//! Plots as SVG, beside the tables that hold the same numbers.

use std::path::{Path, PathBuf};

use plotters::prelude::*;

/// A row of stacked bars: client's time, then server's, in microseconds.
pub struct Bar {
    pub name: String,
    pub client: f64,
    pub server: f64,
}

const ROW: u32 = 26;
const NAMES: u32 = 330;
const WIDTH: u32 = 960;
const CLIENT: RGBColor = RGBColor(0x4C, 0x78, 0xA8);
const SERVER: RGBColor = RGBColor(0xF5, 0x85, 0x18);
const LINES: [RGBColor; 4] = [CLIENT, SERVER, RGBColor(0x54, 0xA2, 0x4B), RGBColor(0xB2, 0x79, 0xA2)];

/// Where plots are written; each is shown on the page.
pub struct Plots(pub PathBuf);

impl Plots {
    /// # Panics
    /// If the file cannot be written.
    pub fn bars(&self, out: &mut String, file: &str, title: &str, unit: &str, parts: [&str; 2], all: &[Bar]) {
        bars(&self.0.join(file), title, unit, parts, all);
        out.push_str(&format!("![{title}](benchmarks/{file})\n\n"));
    }

    /// Names of the axes: x, which is logarithmic, and y.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn lines(&self, out: &mut String, file: &str, title: &str, axes: [&str; 2], all: &[Line]) {
        lines(&self.0.join(file), title, axes, all);
        out.push_str(&format!("![{title}](benchmarks/{file})\n\n"));
    }
}

/// A value at each of some sizes.
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

fn lines(path: &Path, title: &str, axes: [&str; 2], all: &[Line]) {
    let points = || all.iter().flat_map(|line| &line.points);
    let (from, to) = points().fold((f64::MAX, 0.0_f64), |(from, to), (x, _)| (from.min(*x), to.max(*x)));
    let highest = points().map(|(_, y)| *y).fold(0.0, f64::max);
    let area = SVGBackend::new(path, (WIDTH, 400)).into_drawing_area();
    area.fill(&WHITE).expect("an SVG");
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(8)
        .margin_right(24)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d((from..to * 1.05).log_scale(), 0.0..highest * 1.1)
        .expect("a chart");
    chart.configure_mesh().x_desc(axes[0]).y_desc(axes[1]).draw().expect("a mesh");
    for (at, line) in all.iter().enumerate() {
        let colour = LINES[at % LINES.len()];
        let points = line.points.iter().copied();
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))
            .expect("a line")
            .label(&line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        chart.draw_series(points.map(|point| Circle::new(point, 3, colour.filled()))).expect("points");
    }
    let key =
        chart.configure_series_labels().position(SeriesLabelPosition::LowerLeft).border_style(BLACK).draw();
    key.expect("a key");
    area.present().expect("the file can be written");
}

fn bars(path: &Path, title: &str, unit: &str, parts: [&str; 2], all: &[Bar]) {
    let rows = u32::try_from(all.len()).expect("few");
    let longest = all.iter().map(|bar| bar.client + bar.server).fold(0.0, f64::max);
    let area = SVGBackend::new(path, (WIDTH, 90 + ROW * rows)).into_drawing_area();
    area.fill(&WHITE).expect("an SVG");
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(8)
        .margin_right(70)
        .x_label_area_size(36)
        .y_label_area_size(NAMES)
        .build_cartesian_2d(0.0..longest * 1.02, 0_i32..i32::try_from(rows).expect("few"))
        .expect("a chart");
    // Rows from above, named in the middle of their bars.
    let style = TextStyle::from(("sans-serif", 13).into_font()).color(&BLACK);
    chart.configure_mesh().disable_y_mesh().y_labels(0).x_desc(unit).draw().expect("a mesh");
    for (bar, row) in all.iter().zip((0..i32::try_from(rows).expect("few")).rev()) {
        let both = bar.client + bar.server;
        for (from, to, colour) in [(0.0, bar.client, CLIENT), (bar.client, both, SERVER)] {
            let mut rectangle = Rectangle::new([(from, row), (to, row + 1)], colour.filled());
            rectangle.set_margin(4, 4, 0, 0);
            chart.draw_series([rectangle]).expect("a bar");
        }
        let (x, y) = chart.backend_coord(&(0.0, row));
        let end = chart.backend_coord(&(both, row)).0;
        area.draw_text(&bar.name, &style, (x - NAMES as i32 + 4, y - 19)).expect("a name");
        area.draw_text(&super::rounds::figure(both), &style, (end + 4, y - 19)).expect("a figure");
    }
    for (part, colour, x) in [(parts[0], CLIENT, 700), (parts[1], SERVER, 800)] {
        if !part.is_empty() {
            area.draw(&Rectangle::new([(x, 12), (x + 12, 24)], colour.filled())).expect("a key");
            area.draw_text(part, &style, (x + 18, 12)).expect("a key");
        }
    }
    area.present().expect("the file can be written");
}
