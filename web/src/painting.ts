/** Drawing functions of the viewer. */

const PREVIEW = 1600; // pixels of the longer side of the small copy, drawn while the whole photo shows

/** A rectangle on the screen, CSS pixels. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Draw the divider: a line from top to bottom with a handle in its middle. */
export function paintDivider(context: CanvasRenderingContext2D, x: number, { top, bottom }: Box): void {
  const middle = (top + bottom) / 2;
  context.strokeStyle = context.fillStyle = "white";
  context.shadowColor = "rgb(0 0 0 / 60%)";
  context.shadowBlur = 4;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, bottom);
  context.stroke();
  context.beginPath();
  context.arc(x, middle, 18, 0, 2 * Math.PI);
  context.fill();
  context.shadowBlur = 0;
  context.fillStyle = "#222";
  for (const side of [-1, 1]) {
    context.beginPath();
    context.moveTo(x + side * 12, middle);
    context.lineTo(x + side * 5, middle - 6);
    context.lineTo(x + side * 5, middle + 6);
    context.fill();
  }
}

/** Return a copy that is quick to draw. Its longer side has at most `PREVIEW` pixels. */
export function shrunk(picture: ImageBitmap | HTMLCanvasElement): HTMLCanvasElement {
  const scale = Math.min(1, PREVIEW / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(Math.round(picture.width * scale), 1);
  canvas.height = Math.max(Math.round(picture.height * scale), 1);
  const context = canvas.getContext("2d")!;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}
