import { useEffect, useState } from "preact/hooks";

import { useDetails } from "./details";
import { current, onChange, type Model } from "./model";
import { BalancePanel, LearnedPanel } from "./panels/balance";
import { BatteryPanel } from "./panels/battery";
import { CameraCards } from "./panels/camera";
import { CardCharts, EnergyCharts } from "./panels/charts";
import { EnergyPanel } from "./panels/energy";
import { Footer, Header } from "./panels/header";
import { JobCards } from "./panels/jobs";
import { Login } from "./panels/login";
import { PlanPanel } from "./panels/plan";
import { PluginsPanel } from "./panels/plugins";
import { PowerPanel } from "./panels/power";
import { Readings } from "./panels/readings";
import { StationCards } from "./panels/station";
import { WhyPanel } from "./panels/why";

function useModel(): Model {
  const [model, set] = useState(current);
  useEffect(() => onChange(() => set(current())), []);
  return model;
}

export function App() {
  const model = useModel();
  const known = useDetails(model.connected, model.status?.clock.rate ?? 1);
  if (model.phase === "login") return <Login />;
  if (model.phase === "starting" || !model.status) return <Starting lost={model.lostAt !== null} />;
  const { status } = model;
  return (
    <>
      <Header model={model} status={status} />
      <main class={model.connected ? "board" : "board stale"}>
        <BatteryPanel energy={status.energy} />
        <WhyPanel decisions={model.decisions} plugins={model.plugins} zone={status.node.time_zone} />
        <StationCards status={status} connected={model.connected} states={model.states} />
        <CameraCards status={status} connected={model.connected} states={model.states} decisions={model.decisions} />
        {known && <PlanPanel known={known} status={status} connected={model.connected} plugins={model.plugins} />}
        <EnergyPanel energy={status.energy} states={model.states} plugins={model.plugins} />
        <EnergyCharts status={status} connected={model.connected} states={model.states} />
        {known && <BalancePanel details={known.details} plugins={model.plugins} />}
        {known && <LearnedPanel details={known.details} plugins={model.plugins} />}
        <JobCards status={status} connected={model.connected} />
        <CardCharts status={status} connected={model.connected} states={model.states} />
        <Readings model={model} status={status} />
        <PluginsPanel plugins={model.plugins} />
        <PowerPanel status={status} log={known?.details.power_log ?? []} plugins={model.plugins} />
      </main>
      <Footer status={status} />
    </>
  );
}

function Starting({ lost }: { lost: boolean }) {
  return (
    <main class="alone">
      <p class="muted" role="status">
        {lost ? "The node does not answer. It may be asleep; trying again…" : "Connecting…"}
      </p>
    </main>
  );
}
