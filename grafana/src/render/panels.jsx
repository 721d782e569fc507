// One dashboard, drawn with Grafana's published components: frames, lines and numbers are @grafana/ui,
// values and tables' contents @grafana/data. Heatmaps and state timelines are not published; they and
// the cells of tables are drawn here from the panels' options.
import {
  applyFieldOverrides, createDataFrame, createTheme, dateTime, FieldType, getDisplayProcessor,
  getFieldDisplayName, Registry, renderTextPanelMarkdown, standardTransformers, standardTransformersRegistry, ThemeContext,
  transformDataFrame,
} from '@grafana/data';
import {BigValue, GlobalStyles, PanelChrome, TimeSeries} from '@grafana/ui';
import {useEffect, useRef, useState} from 'react';
import {createRoot} from 'react-dom/client';

const {dashboard, from, to, themeName} = window;
const theme = createTheme({colors: {mode: themeName}});
const CELL = 38;
const GAP = 8;
const MARGIN = 16;
const range = {from: dateTime(from), to: dateTime(to), raw: {from: dateTime(from), to: dateTime(to)}};

standardTransformersRegistry.setInit(() => ['merge', 'organize'].map(id => {
  const transformation = Object.values(standardTransformers).find(t => t.id === id);
  return {id, name: id, transformation: () => Promise.resolve(transformation), editor: () => null};
}));

const plain = ['unit', 'decimals', 'min', 'max', 'noValue', 'color', 'thresholds', 'mappings', 'links'];
const custom = ['drawStyle', 'lineInterpolation', 'lineWidth', 'fillOpacity', 'showPoints', 'pointSize',
  'spanNulls', 'axisSoftMin', 'stacking', 'thresholdsStyle', 'scaleDistribution', 'lineStyle', 'align',
  'cellOptions', 'filterable'];
const item = (id, path, isCustom) => ({
  id, path, isCustom, name: id, process: value => value, shouldApply: () => true, editor: () => null,
  override: () => null, settings: {}, getItemsCount: () => 0,
});
const registry = new Registry(() => [
  ...plain.map(id => item(id, id, false)),
  ...custom.map(id => item('custom.' + id, id, true)),
]);

function legend(target, labels) {
  const text = target.legendFormat ?? '';
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => labels[label] ?? '');
}

function frames(panel) {
  const all = panel.targets.flatMap(target => target.format === 'table'
      ? [tableFrame(target)]
      : target.result.map(series => seriesFrame(target, series)));
  return applyFieldOverrides({
    data: all.filter(frame => frame.length > 0 || panel.type === 'table'),
    fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry, theme, timeZone: 'utc',
    replaceVariables: text => text,
  });
}

function seriesFrame(target, series) {
  const points = series.values ?? [series.value];
  // A gap longer than two steps is a gap in the line too.
  return createDataFrame({refId: target.refId, fields: [
    {name: 'Time', type: FieldType.time, config: {}, values: points.map(p => p[0] * 1000)},
    {name: 'Value', type: FieldType.number, labels: series.metric,
      config: {displayNameFromDS: legend(target, series.metric)},
      values: points.map(p => Number(p[1])).map(v => Number.isFinite(v) ? v : null)},
  ]});
}

function tableFrame(target) {
  const labels = [...new Set(target.result.flatMap(series => Object.keys(series.metric)))];
  return createDataFrame({refId: target.refId, fields: [
    {name: 'Time', type: FieldType.time, config: {}, values: target.result.map(() => to)},
    ...labels.map(label => ({name: label, type: FieldType.string, config: {},
      values: target.result.map(series => series.metric[label])})),
    {name: 'Value #' + target.refId, type: FieldType.number, config: {},
      values: target.result.map(series => Number(series.value[1]))
          .map(v => Number.isFinite(v) ? v : null)},
  ]});
}

function Nothing({panel}) {
  return <div style={{display: 'grid', placeItems: 'center', height: '100%',
    color: theme.colors.text.secondary}}>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
}

function Lines({panel, width, height}) {
  const data = frames(panel);
  if (data.length === 0) {
    return <Nothing panel={panel}/>;
  }
  return <TimeSeries frames={data} structureRev={1} width={width} height={height} timeRange={range}
      timeZone="utc" legend={panel.options.legend} options={panel.options}/>;
}

function Stat({panel, width, height}) {
  const data = frames(panel);
  if (data.length === 0) {
    return <Nothing panel={panel}/>;
  }
  return data.map(frame => {
    const field = frame.fields.find(f => f.type === FieldType.number);
    const display = field.display ?? getDisplayProcessor({field, theme});
    const last = field.values.filter(v => v !== null).at(-1);
    const value = {...display(last), title: getFieldDisplayName(field, frame)};
    const sparkline = panel.options.graphMode === 'area' && field.values.length > 1
        ? {x: frame.fields[0], y: field, timeRange: range} : undefined;
    return <BigValue key={value.title} value={value} sparkline={sparkline} theme={theme}
        width={width / data.length} height={height} colorMode={panel.options.colorMode}
        graphMode={panel.options.graphMode} textMode={panel.options.textMode}/>;
  });
}

function TableOf({panel, width, height}) {
  const [frame, setFrame] = useState();
  useEffect(() => {
    const subscription = transformDataFrame(panel.transformations, panel.targets.map(tableFrame))
        .subscribe(merged => setFrame(applyFieldOverrides({
          data: merged, fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry, theme,
          timeZone: 'utc', replaceVariables: text => text})[0]));
    return () => subscription.unsubscribe();
  }, []);
  if (!frame || frame.length === 0) {
    return <Nothing panel={panel}/>;
  }
  const sort = panel.options.sortBy[0];
  const by = frame.fields.find(field => getFieldDisplayName(field, frame) === sort.displayName);
  const rows = [...Array(frame.length).keys()]
      .sort((a, b) => (by.values[b] ?? -1) - (by.values[a] ?? -1));
  const cell = {padding: '5px 12px', borderBottom: `1px solid ${theme.colors.border.weak}`};
  return <table style={{width: '100%', color: theme.colors.text.primary}}>
    <thead><tr>{frame.fields.map((field, i) => <th key={i} style={{...cell, textAlign: 'left',
      color: theme.colors.text.secondary}}>{getFieldDisplayName(field, frame)}</th>)}</tr></thead>
    <tbody>{rows.map(row => <tr key={row}>{frame.fields.map((field, i) => {
      const shown = field.display(field.values[row]);
      const coloured = field.config.custom?.cellOptions?.type === 'color-text';
      return <td key={i} style={{...cell, color: coloured ? shown.color : undefined}}>
        {shown.prefix}{shown.text}{shown.suffix}</td>;
    })}</tr>)}</tbody>
  </table>;
}

function Canvas({width, height, draw}) {
  const ref = useRef(null);
  useEffect(() => {
    const context = ref.current.getContext('2d');
    context.font = `12px ${theme.typography.fontFamily}`;
    draw(context);
  }, []);
  return <canvas ref={ref} width={width} height={height}/>;
}

const x = (time, left, right) => left + (time - from) / (to - from) * (right - left);

function drawTimes(context, left, right, bottom) {
  context.fillStyle = theme.colors.text.secondary;
  context.textAlign = 'center';
  const minutes = Math.max(1, Math.round((to - from) / 60_000 / 6));
  for (let t = Math.ceil(from / 60_000 / minutes) * 60_000 * minutes; t < to; t += minutes * 60_000) {
    context.fillText(new Date(t).toISOString().slice(11, 16), x(t, left, right), bottom + 16);
  }
}

function seconds(value) {
  return value === Infinity ? '+Inf' : value < 1e-3 ? `${+(value * 1e6).toPrecision(3)} µs`
      : value < 1 ? `${+(value * 1e3).toPrecision(3)} ms` : `${+value.toPrecision(3)} s`;
}

// Turbo, by Mikhailov's polynomial.
function turbo(t) {
  const channel = (...c) => Math.round(255 * Math.min(1, Math.max(0,
      c.reduceRight((sum, k) => sum * t + k))));
  return `rgb(${channel(0.1357, 4.6154, -42.6603, 132.1311, -152.9424, 59.2864)},`
      + `${channel(0.0914, 2.1942, 4.8430, -14.1850, 4.2773, 2.8296)},`
      + `${channel(0.1067, 12.6419, -60.5820, 110.3628, -89.9031, 27.3482)})`;
}

function Heatmap({panel, width, height}) {
  const series = panel.targets[0].result
      .map(s => ({le: s.metric.le === '+Inf' ? Infinity : Number(s.metric.le),
        at: new Map(s.values.map(([t, v]) => [t * 1000, Number(v)]))}))
      .sort((a, b) => a.le - b.le);
  const times = [...new Set(series.flatMap(s => [...s.at.keys()]))].sort((a, b) => a - b);
  const rows = series.map((s, i) => times.map(t =>
    Math.max(0, (s.at.get(t) ?? 0) - (i === 0 ? 0 : series[i - 1].at.get(t) ?? 0))));
  const used = rows.map(row => row.some(v => v > 0));
  if (!used.includes(true)) {
    return <Nothing panel={panel}/>;
  }
  const most = Math.max(...rows.flat());
  return <Canvas width={width} height={height} draw={context => {
    const [left, right, top, bottom] = [70, width - 10, 8, height - 24];
    const rowHeight = (bottom - top) / rows.length;
    const labelEvery = Math.max(2, Math.ceil(14 / rowHeight));
    const cellWidth = (right - left) / Math.max(1, times.length) + 0.5;
    rows.forEach((row, i) => {
      const y = bottom - (i + 1) * rowHeight;
      row.forEach((value, j) => {
        if (value > 0) {
          context.fillStyle = turbo(Math.pow(value / most, panel.options.color.exponent));
          context.fillRect(x(times[j], left, right) - cellWidth, y, cellWidth, rowHeight + 0.5);
        }
      });
      if (i % labelEvery === labelEvery - 1) {
        context.fillStyle = theme.colors.text.secondary;
        context.textAlign = 'right';
        context.fillText(seconds(series[i].le), left - 6, y + 4);
      }
    });
    drawTimes(context, left, right, bottom);
  }}/>;
}

function States({panel, width, height}) {
  const series = panel.targets.flatMap(target =>
    target.result.map(s => ({name: legend(target, s.metric), values: s.values})));
  const mapping = Object.assign({}, ...panel.fieldConfig.defaults.mappings.map(m => m.options));
  return <Canvas width={width} height={height} draw={context => {
    const longest = Math.max(...series.map(s => context.measureText(s.name).width));
    const [left, right, top, bottom] = [longest + 24, width - 10, 8, height - 48];
    const rowHeight = (bottom - top) / series.length;
    series.forEach((s, i) => {
      const y = top + i * rowHeight;
      s.values.forEach(([t, value], j) => {
        const state = mapping[value];
        const until = s.values[j + 1]?.[0] ?? to / 1000;
        context.fillStyle = theme.visualization.getColorByName(state?.color ?? 'grey');
        context.fillRect(x(t * 1000, left, right), y + 2,
            x(until * 1000, left, right) - x(t * 1000, left, right) + 0.5, rowHeight * 0.9);
      });
      context.fillStyle = theme.colors.text.primary;
      context.textAlign = 'right';
      context.fillText(s.name, left - 8, y + rowHeight / 2 + 4);
    });
    drawTimes(context, left, right, bottom);
    context.textAlign = 'left';
    Object.values(mapping).forEach((state, i) => {
      context.fillStyle = theme.visualization.getColorByName(state.color);
      context.fillRect(left + i * 110, height - 12, 14, 4);
      context.fillStyle = theme.colors.text.primary;
      context.fillText(state.text, left + i * 110 + 20, height - 6);
    });
  }}/>;
}

function Text({panel}) {
  return <div className="markdown-html" style={{overflow: 'hidden', height: '100%', color: theme.colors.text.primary}}
      dangerouslySetInnerHTML={{__html: renderTextPanelMarkdown(panel.options.content)}}/>;
}

const kinds = {text: Text, timeseries: Lines, stat: Stat, table: TableOf, heatmap: Heatmap, 'state-timeline': States};

function Placed({panel, column}) {
  const {x: left, y: top, w, h} = panel.gridPos;
  const width = w * column - GAP;
  const height = h * CELL - GAP;
  const style = {position: 'absolute', left: MARGIN + left * column, top: 56 + top * CELL, width, height};
  if (panel.type === 'row') {
    return <div style={{...style, ...theme.typography.h5, color: theme.colors.text.primary,
      paddingTop: 6}}>{panel.title}</div>;
  }
  const Kind = kinds[panel.type];
  return <div style={style}>
    <PanelChrome title={panel.title} description={panel.description} width={width} height={height}
        padding="md">
      {(innerWidth, innerHeight) => <Kind panel={panel} width={innerWidth} height={innerHeight}/>}
    </PanelChrome>
  </div>;
}

function Dashboard() {
  const column = (window.innerWidth - 2 * MARGIN + GAP) / 24;
  const bottom = Math.max(...dashboard.panels.map(p => p.gridPos.y + p.gridPos.h));
  useEffect(() => {
    document.body.style.height = `${56 + bottom * CELL + MARGIN}px`;
    setTimeout(() => {
      const done = document.createElement('i');
      done.id = 'done';
      document.body.append(done);
    }, 1000);
  }, []);
  return <ThemeContext.Provider value={theme}>
    <GlobalStyles/>
    <div style={{...theme.typography.h3, position: 'absolute', left: MARGIN, top: 12,
      color: theme.colors.text.primary}}>{dashboard.title}</div>
    {dashboard.panels.map(panel => <Placed key={panel.id} panel={panel} column={column}/>)}
  </ThemeContext.Provider>;
}

document.body.style.background = theme.colors.background.canvas;
document.body.style.margin = '0';
createRoot(document.getElementById('root')).render(<Dashboard/>);
