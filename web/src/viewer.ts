/** The picture on the page: before and after, with a divider between, to zoom and to move. */

import { Gestures } from "./gestures";
import { paintDivider, shrunk, type Box } from "./painting";
import type { Finished } from "./protocol";

const MOST = 8; // most screen pixels for one pixel of the photo
const STEP = 1.5; // factor of the zoom buttons
const PARTS = 150; // ms between drawings of a growing result: drawing takes time from the network

/** Draws into a canvas, and fits the canvas to its size on the screen. */
export class Viewer {
  private before: ImageBitmap | null = null;
  private after: ImageBitmap | null = null;
  private beforeSmall: HTMLCanvasElement | null = null;
  private afterSmall: HTMLCanvasElement | null = null;
  private share = 0.5; // share of the visible photo that shows the original
  private zoom = 1; // CSS pixels for one pixel of the photo
  private x = 0; // CSS pixels from the canvas's left edge to the photo's
  private y = 0;
  private frame = 0;
  private timer = 0;

  /** @param moved called with the share in [0, 1] after the user moved the divider. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly moved: (share: number) => void,
  ) {
    new ResizeObserver(() => this.resize()).observe(canvas);
    new Gestures(canvas, this);
  }

  /** Show a photo without a result. The caller keeps the bitmap. */
  show(photo: ImageBitmap): void {
    this.before = photo;
    this.after = null;
    this.beforeSmall = shrunk(photo);
    this.afterSmall = null;
    this.fit();
  }

  /** Begin a result over a copy of the photo. */
  begin(): void {
    this.after = null;
    this.afterSmall = this.beforeSmall && shrunk(this.beforeSmall);
    this.draw();
  }

  /** Show a part of the result. `source` has the part at its place. */
  add(source: HTMLCanvasElement, { x, y, width, height }: Finished): void {
    if (this.before && this.afterSmall) {
      const scale = this.afterSmall.width / this.before.width;
      const context = this.afterSmall.getContext("2d")!;
      context.imageSmoothingQuality = "high";
      context.drawImage(source, x, y, width, height, x * scale, y * scale, width * scale, height * scale);
      this.timer ||= window.setTimeout(() => {
        this.timer = 0;
        this.draw();
      }, PARTS);
    }
  }

  /** Show the whole result, or none for null. The caller keeps the bitmap. */
  finish(result: ImageBitmap | null): void {
    this.after = result;
    this.afterSmall = result && shrunk(result);
    this.draw();
  }

  /** Move the divider. */
  divide(share: number): void {
    this.share = Math.min(Math.max(share, 0), 1);
    this.draw();
  }

  /** Show the whole photo. */
  fit(): void {
    this.zoom = this.smallest;
    this.clamp();
  }

  /** Show one pixel of the photo as one pixel of the screen. */
  actualSize(): void {
    this.zoomTo(1 / devicePixelRatio);
  }

  /** Zoom in by one step. */
  zoomIn(): void {
    this.zoomBy(STEP);
  }

  /** Zoom out by one step. */
  zoomOut(): void {
    this.zoomBy(1 / STEP);
  }

  /** Zoom around a point of the canvas, by default its middle. */
  zoomBy(factor: number, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2): void {
    this.zoomTo(this.zoom * factor, x, y);
  }

  /** Whether a part of the photo is outside the canvas. */
  get zoomed(): boolean {
    return this.zoom > this.smallest * 1.001;
  }

  /** Switch between the whole photo and its pixels. */
  toggleZoom(x: number, y: number): void {
    if (this.zoomed) {
      this.fit();
    } else {
      this.zoomTo(Math.max(1 / devicePixelRatio, this.smallest * 2), x, y);
    }
  }

  /** Move the photo by CSS pixels. */
  pan(x: number, y: number): void {
    this.x += x;
    this.y += y;
    this.clamp();
  }

  /** The divider's place, CSS pixels from the canvas's left edge; null without a result. */
  get divider(): number | null {
    const { left, right } = this.visible;
    return this.afterSmall ? left + (right - left) * this.share : null;
  }

  /** Move the divider to a place in CSS pixels. */
  divideAt(x: number): void {
    const { left, right } = this.visible;
    this.divide((x - left) / (right - left));
    this.moved(this.share);
  }

  private zoomTo(zoom: number, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2): void {
    const most = Math.max(MOST / devicePixelRatio, this.smallest);
    const next = Math.min(Math.max(zoom, this.smallest), most);
    this.x = x - ((x - this.x) * next) / this.zoom;
    this.y = y - ((y - this.y) * next) / this.zoom;
    this.zoom = next;
    this.clamp();
  }

  private get smallest(): number {
    const { clientWidth, clientHeight } = this.canvas;
    return this.before ? Math.min(clientWidth / this.before.width, clientHeight / this.before.height) || 1 : 1;
  }

  private clamp(): void {
    if (!this.before) {
      return;
    }
    const within = (place: number, length: number, room: number) =>
      length <= room ? (room - length) / 2 : Math.min(Math.max(place, room - length), 0);
    this.x = within(this.x, this.before.width * this.zoom, this.canvas.clientWidth);
    this.y = within(this.y, this.before.height * this.zoom, this.canvas.clientHeight);
    // A photo that is not zoomed lets the page scroll up and down.
    this.canvas.style.touchAction = this.zoomed ? "none" : "pan-y";
    this.draw();
  }

  private resize(): void {
    const whole = !this.zoomed;
    const { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(clientHeight * devicePixelRatio);
    if (whole || this.zoom < this.smallest) {
      this.fit();
    } else {
      this.clamp();
    }
  }

  private get visible(): Box {
    const { width, height } = this.before ?? { width: 0, height: 0 };
    return {
      left: Math.max(this.x, 0),
      top: Math.max(this.y, 0),
      right: Math.min(this.x + width * this.zoom, this.canvas.clientWidth),
      bottom: Math.min(this.y + height * this.zoom, this.canvas.clientHeight),
    };
  }

  private draw(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  private paint(): void {
    const context = this.canvas.getContext("2d")!;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    if (!this.before || !this.beforeSmall) {
      return;
    }
    const visible = this.visible;
    const divider = this.divider ?? visible.right;
    this.paintSide(context, this.before, this.beforeSmall, { ...visible, right: divider });
    if (this.afterSmall) {
      this.paintSide(context, this.after, this.afterSmall, { ...visible, left: divider });
      paintDivider(context, divider, visible);
    }
  }

  private paintSide(
    context: CanvasRenderingContext2D, full: ImageBitmap | null, small: HTMLCanvasElement, box: Box,
  ): void {
    if (box.right <= box.left || box.bottom <= box.top) {
      return;
    }
    const { width, height } = this.before!;
    const needed = this.zoom * devicePixelRatio * width > small.width;
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
    context.clip();
    context.imageSmoothingEnabled = this.zoom * devicePixelRatio < 2; // large pixels keep their edges
    context.imageSmoothingQuality = "high";
    context.drawImage(needed && full ? full : small, this.x, this.y, width * this.zoom, height * this.zoom);
    context.restore();
  }
}
