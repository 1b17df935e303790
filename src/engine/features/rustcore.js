/* @ts-self-types="./rustcore.d.ts" */

import * as wasm from "./rustcore_bg.wasm";
import { __wbg_set_wasm } from "./rustcore_bg.js";
__wbg_set_wasm(wasm);

export {
    RustFeatureEngine
} from "./rustcore_bg.js";
