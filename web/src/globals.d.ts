/** Constants that build.mjs sets. */
declare const WASM_FOLDER: string; // folder of LiteRT's files, relative to the page; the name contains their version
declare const SHELL_FILES: string[]; // all other files of the site except the networks
declare const SHELL_VERSION: string; // changes when any of these files changes
