import "uplot/dist/uPlot.min.css";
import "./style.css";
import "./camera.css";

import { render } from "preact";

import { App } from "./app";
import { start } from "./live";

render(<App />, document.getElementById("page")!);
start();
