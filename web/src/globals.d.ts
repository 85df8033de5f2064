/** Set by build.mjs. */
declare const WASM_FOLDER: string; // address of LiteRT's files, relative to the page; names their version
declare const SHELL_FILES: string[]; // all other files of the site but the networks
declare const SHELL_VERSION: string; // changes when any of them does
