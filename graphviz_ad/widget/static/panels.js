// Which panels and tools an explorer has, in the order in which they stand.

import { makeCode } from "./code.js";
import { makeHelp } from "./help.js";
import { makeInspector } from "./inspector.js";
import { makeLecture } from "./lecture.js";
import { makeTensor } from "./tensor.js";
import { makePredict } from "./predict.js";
import { makeTraining } from "./training.js";
import { makeMistakeMarks, makeMistakes } from "./wrong.js";
import { makeViewport } from "./viewport.js";
import { makeCost } from "./cost.js";
import { makePaths } from "./paths.js";
import { makeSearch } from "./search.js";
import { makeStreams } from "./streams.js";
import { makeWays } from "./ways.js";
import { makeWhatIf } from "./whatif.js";

/** @import {Host, Panel, Tool} from "./types.js" */

/** The tabs under the picture; the first that is offered is open at first. @type {((host: Host) => Panel)[]} */
export const PANELS = [makeTraining, makeInspector, makeCode, makeTensor, makeWhatIf, makeMistakes, makePaths, makeCost];

/** The left part of the tools row: how the graph is looked at. @type {((host: Host) => Tool)[]} */
export const WAYS = [makeWays, makeSearch, makeStreams, makePredict, makeMistakeMarks];

/** The right part of the tools row: the view itself, and help. @type {((host: Host) => Tool)[]} */
export const VIEWS = [makeViewport, makeLecture, makeHelp];
