/** The page's elements, and the functions that change them together. */

/** The actions that the page's elements start. */
export interface Actions {
  /** The user opened a file picker, or drags a file over the page. */
  choosing(): void;
  choose(files: File[]): void;
  enhance(): void;
  cancel(): void;
  reopen(): void;
  divide(share: number): void;
  zoom: Record<string, () => void>;
  result(): File | null;
}

type Controls = ReturnType<typeof controls>;

/** Find the elements. */
export function controls() {
  const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
  const view = element<HTMLCanvasElement>("view");
  const model = element<HTMLSelectElement>("model");
  const processor = element<HTMLSelectElement>("processor");
  const divider = element<HTMLInputElement>("divider");
  const status = element("status");
  const error = element("error");
  const progress = element<HTMLProgressElement>("progress");
  const percent = element("percent"); // apart from the status, which screen readers read out at every change
  const tags = document.querySelectorAll<HTMLElement>(".tag");

  return {
    root: document.documentElement,
    view,
    model,
    processor,
    divider,

    say(sentence: string): void {
      status.textContent = sentence;
    },

    complain(sentence: string): void {
      error.textContent = sentence;
      error.hidden = false;
    },

    clearError(): void {
      error.hidden = true;
    },

    /** Show the elements that belong to a photo. */
    showPhoto(name: string, { width, height }: { width: number; height: number }): void {
      hide(element("empty"), true);
      element("zoom").hidden = false;
      view.setAttribute("aria-label", `${name}, ${width} by ${height} pixels`);
    },

    working(on: boolean): void {
      hide(element("working"), !on);
      progress.value = 0;
      percent.textContent = "";
      document.documentElement.dataset.state = on ? "working" : "idle";
    },

    progress(share: number): void {
      progress.value = share;
      percent.textContent = `${Math.floor(share * 100)} %`;
    },

    /** Show or hide the button that enhances the photo with the chosen network. */
    offer(on: boolean): void {
      hide(element("enhance"), !on);
    },

    showResult(jpeg: File | null): void {
      for (const shown of [element("save"), element("slider"), ...tags]) {
        hide(shown, !jpeg);
      }
      hide(element("share"), !jpeg || !navigator.canShare?.({ files: [jpeg] }));
      if (jpeg) {
        document.documentElement.dataset.state = "done";
      }
    },

    addModel(id: string, label: string, choose: boolean): void {
      const option = [...model.options].find(({ value }) => value === id) ?? model.appendChild(new Option("", id));
      option.textContent = label;
      if (choose) {
        model.value = id;
      }
    },

    /** Return the name of the chosen network, without its size. */
    modelName(): string {
      return model.selectedOptions[0]?.textContent?.replace(/ \(\d.*$/, "") ?? "";
    },

    connect(actions: Actions): void {
      connect(this, actions);
    },
  };
}

/** Hide or show an element. The picture takes the keyboard focus of a hidden element. */
function hide(element: HTMLElement, hidden: boolean): void {
  const focused = element.contains(document.activeElement);
  element.hidden = hidden;
  if (hidden && focused) {
    document.getElementById("view")!.focus({ preventScroll: true });
  }
}

function connect(page: Controls, actions: Actions): void {
  const element = (id: string) => document.getElementById(id)!;
  for (const id of ["camera", "file", "own"]) {
    const input = element(id) as HTMLInputElement;
    input.addEventListener("click", actions.choosing);
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      input.value = ""; // so that the user can choose the same file again
      if (files.length) {
        actions.choose(files);
      }
    });
  }
  element("try").addEventListener("click", async () => {
    actions.choosing();
    const blob = await fetch("sample.jpg").then((response) => response.blob()).catch(() => "");
    actions.choose([new File([blob], "sample.jpg", { type: "image/jpeg" })]);
  });
  element("enhance").addEventListener("click", actions.enhance);
  element("cancel").addEventListener("click", actions.cancel);
  page.model.addEventListener("change", actions.reopen);
  page.processor.addEventListener("change", actions.reopen);
  page.divider.addEventListener("input", () => actions.divide(page.divider.valueAsNumber / 100));
  for (const button of document.querySelectorAll<HTMLElement>("[data-zoom]")) {
    button.addEventListener("click", () => actions.zoom[button.dataset.zoom!]());
  }
  element("save").addEventListener("click", () => save(actions.result()));
  element("share").addEventListener("click", () => {
    const jpeg = actions.result();
    if (jpeg) {
      navigator.share({ files: [jpeg] }).catch(() => undefined); // the user closed the dialog
    }
  });
  connectDrop(element("stage"), actions);
}

/** Accept files dropped anywhere on the page. */
function connectDrop(stage: HTMLElement, actions: Actions): void {
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    actions.choosing();
    stage.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) {
      stage.classList.remove("over");
    }
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    stage.classList.remove("over");
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length) {
      actions.choose(files);
    }
  });
}

function save(jpeg: File | null): void {
  if (!jpeg) {
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(jpeg);
  link.download = jpeg.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
