//! The picture: instructions per message against messages in flight, `benches/peers.svg`.
//!
//! Without a background and in colours of middle lightness, so that it can be read on white and on black.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::cells::IN_FLIGHT;
use crate::peers;
use crate::report;
use crate::results::{Metric, Results};
use crate::table::number;

const SIZE: (u32, u32) = (860, 480);
const INK: RGBColor = RGBColor(125, 133, 144);
/// Least difference in height of two labels, and about the length of one, in pixels.
const LINE: i32 = 16;
const LABEL: i32 = 180;

/// Peer, label and colour of each line.
const LINES: [(&str, &str, RGBColor); 7] = [
    ("sixfold", "sixfold", RGBColor(218, 54, 51)),
    ("rumqttc-qos1", "rumqttc, QoS 1", RGBColor(79, 156, 222)),
    ("rumqttc-qos2", "rumqttc, QoS 2", RGBColor(47, 111, 208)),
    ("rumqttc-next-qos2", "rumqttc-v4-next, QoS 2", RGBColor(130, 98, 210)),
    ("mqtt-protocol-core-qos2", "mqtt-protocol-core, QoS 2", RGBColor(191, 135, 0)),
    ("hash-heap", "hash map and heap", RGBColor(45, 150, 84)),
    ("ring", "floor: dense ring", INK),
];

/// One line of the picture.
struct Series {
    label: &'static str,
    colour: RGBColor,
    width: u32,
    points: Vec<(f64, f64)>,
}

/// Draws it.
pub(crate) fn draw(results: &Results, file: &Path) -> Result<()> {
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    let series = series(results);
    chart(&area, &series).map_err(|error| anyhow!("{error}"))?;
    area.present().map_err(|error| anyhow!("{error}"))
}

fn series(results: &Results) -> Vec<Series> {
    let lines = LINES.iter().filter_map(|(word, label, colour)| {
        let peer = peers::ALL.iter().find(|peer| peer.word == *word)?;
        let point = |size| Some((size as f64, report::both(results, peer, size, Metric::Ir)?));
        let points: Vec<_> = IN_FLIGHT.into_iter().filter_map(point).collect();
        let width = if *word == "sixfold" { 4 } else { 2 };
        Some(Series { label, colour: *colour, width, points })
    });
    lines.filter(|line| !line.points.is_empty()).collect()
}

type Drawn<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn chart(area: &DrawingArea<SVGBackend<'_>, Shift>, series: &[Series]) -> Drawn<()> {
    let text = ("sans-serif", 17).into_font().color(&INK);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(LABEL)
        .x_label_area_size(50)
        .y_label_area_size(92)
        .build_cartesian_2d((1.0..1e6).log_scale(), (100.0..1e6).log_scale())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.3))
        .axis_style(INK.mix(0.6))
        .label_style(text.clone())
        .x_desc("messages in flight")
        .y_desc("instructions per message, both halves")
        .x_label_formatter(&|size| number(Some(*size)))
        .y_label_formatter(&|count| number(Some(*count)))
        .draw()?;
    for line in series {
        let style = line.colour.stroke_width(line.width);
        chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
        let dots = line.points.iter().map(|point| Circle::new(*point, line.width + 1, line.colour.filled()));
        chart.draw_series(dots)?;
    }
    let right = chart.as_coord_spec().get_x_range();
    let edge = chart.backend_coord(&(right.end, 1_000.0)).0;
    let ends = series.iter().filter_map(|line| Some((line, chart.backend_coord(line.points.last()?))));
    let (column, inside): (Vec<_>, Vec<_>) = ends.partition(|(_, (x, _))| edge - x < LABEL);
    let heights = spread(&column.iter().map(|(_, (_, y))| *y).collect::<Vec<_>>());
    let column = column.iter().zip(heights).map(|((line, _), y)| (line, (edge, y)));
    for (line, (x, y)) in column.chain(inside.iter().map(|(line, end)| (line, *end))) {
        let style = text.clone().color(&line.colour).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw_text(line.label, &style, (x + 10, y))?;
    }
    Ok(())
}

/// The heights of labels in a column: as near to those wanted as can be when none covers another.
fn spread(wanted: &[i32]) -> Vec<i32> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|at| wanted[*at]);
    // Labels that would cover each other make a block around their mean: a top for the block, and how many are in it.
    let mut blocks: Vec<(i32, i32)> = Vec::new();
    for at in &order {
        let mut block = (wanted[*at], 1);
        while let Some((top, many)) = blocks.pop_if(|(top, many)| *top + *many * LINE > block.0) {
            let both = many + block.1;
            block = ((top * many + (block.0 - many * LINE) * block.1) / both, both);
        }
        blocks.push(block);
    }
    let heights = blocks.into_iter().flat_map(|(top, many)| (0..many).map(move |line| top + line * LINE));
    let mut spread = vec![0; wanted.len()];
    order.into_iter().zip(heights).for_each(|(at, height)| spread[at] = height);
    spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_would_cover_each_other_move_apart() {
        assert_eq!(spread(&[100, 104, 300]), [94, 110, 300]);
        assert_eq!(spread(&[104, 100]), [110, 94], "the order is that of the lines");
        assert_eq!(spread(&[100, 100, 110]), [87, 103, 119], "three of them around their middle");
        assert_eq!(spread(&[100, 116]), [100, 116], "just apart");
        assert!(spread(&[]).is_empty());
    }
}
