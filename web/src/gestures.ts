/** Touch, mouse and keyboard input on the picture. */

const REACH = 28; // CSS pixels from the divider within which a finger grabs the divider
const KEY_PAN = 40; // CSS pixels

/** A picture that gestures can change. Coordinates are CSS pixels in the element. */
export interface Movable {
  readonly zoomed: boolean;
  readonly divider: number | null;
  divideAt(x: number): void;
  pan(x: number, y: number): void;
  zoomBy(factor: number, x?: number, y?: number): void;
  toggleZoom(x: number, y: number): void;
  fit(): void;
}

/**
 * Turns input into changes of a picture. One finger moves the divider; away from the divider, it moves a
 * zoomed picture. Two fingers and the wheel zoom. A double click switches between the whole picture and
 * its pixels. Arrow keys move the picture; + − 0 zoom.
 */
export class Gestures {
  private readonly pointers = new Map<number, { x: number; y: number }>();
  private dividing = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly picture: Movable,
  ) {
    element.addEventListener("pointerdown", (event) => this.down(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"] as const) {
      element.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    element.addEventListener("dblclick", (event) => picture.toggleZoom(event.offsetX, event.offsetY));
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    element.addEventListener("keydown", (event) => this.key(event));
  }

  private down(event: PointerEvent): void {
    const { offsetX: x, offsetY: y } = event;
    if (event.button) {
      return; // another button opens a menu, and then no event reports the end of the movement
    }
    this.element.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x, y });
    const { divider, zoomed } = this.picture;
    this.dividing = this.pointers.size === 1 && divider !== null && (!zoomed || Math.abs(x - divider) <= REACH);
    if (this.dividing && event.pointerType === "mouse") {
      this.picture.divideAt(x);
    }
  }

  private move(event: PointerEvent): void {
    const last = this.pointers.get(event.pointerId);
    if (!last) {
      return;
    }
    const now = { x: event.offsetX, y: event.offsetY };
    this.pointers.set(event.pointerId, now);
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)![1];
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      this.picture.pan((now.x - last.x) / 2, (now.y - last.y) / 2);
      this.picture.zoomBy(distance(now, other) / Math.max(distance(last, other), 1), middle.x, middle.y);
    } else if (this.dividing) {
      this.picture.divideAt(now.x);
    } else if (this.pointers.size === 1) {
      this.picture.pan(now.x - last.x, now.y - last.y);
    }
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    this.picture.zoomBy(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }

  private key(event: KeyboardEvent): void {
    const { picture } = this;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => picture.pan(KEY_PAN, 0),
      ArrowRight: () => picture.pan(-KEY_PAN, 0),
      ArrowUp: () => picture.pan(0, KEY_PAN),
      ArrowDown: () => picture.pan(0, -KEY_PAN),
      "+": () => picture.zoomBy(1.5),
      "=": () => picture.zoomBy(1.5),
      "-": () => picture.zoomBy(1 / 1.5),
      0: () => picture.fit(),
    };
    const action = actions[event.key];
    if (action && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      action();
    }
  }
}

function distance(a: { x: number; y: number }, b: { x: number; y: number }): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
