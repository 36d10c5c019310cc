const READABLE = 4.5;

/**
 * Sources give boxes colours of their own, and think of a white page. Where the theme's words could not be read on them,
 * they become black or white.
 */
export function makeLegible(drawing: SVGElement): void {
  for (const node of drawing.querySelectorAll(".node, .cluster")) {
    const shape = node.querySelector("rect, polygon, circle, ellipse, path");
    const ground = shape && colourOf(shape);
    if (!ground) continue;
    for (const text of node.querySelectorAll<SVGElement>("text, tspan")) {
      const ink = colourOf(text);
      if (!ink || contrast(ink, ground) >= READABLE) continue;
      text.style.setProperty("fill", brightness(ground) > 0.18 ? "#000" : "#fff", "important");
    }
  }
}

type Colour = [red: number, green: number, blue: number];

/** None where it is transparent. */
function colourOf(element: Element): Colour | null {
  const [red, green, blue, alpha = 1] = getComputedStyle(element).fill.match(/[\d.]+/g)?.map(Number) ?? [];
  return red === undefined || green === undefined || blue === undefined || alpha < 0.5 ? null : [red, green, blue];
}

/** As WCAG 2 has them. */
export function contrast(one: Colour, other: Colour): number {
  const [dark = 0, light = 0] = [brightness(one), brightness(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function brightness(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
