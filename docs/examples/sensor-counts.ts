// Windows over rows, whatever their time: see docs/operators/count-window.md and docs/operators/global-window.md.
import { avg, count, countWindow, float64, globalWindow, job, memory, onCount, onWatermark, or, purging, utf8 } from 'millrace';

export default job(import.meta, 'sensor-counts', (env) => {
  const readings = env.from(memory<{ sensor: string; value: number }>([]), { schema: { sensor: utf8(), value: float64() } });

  const averages = readings
    .keyBy('sensor')
    .window(countWindow(4, 2))
    .aggregate((c) => ({ readings: count(), mean: avg(c.value) }));

  const perSensor = readings.keyBy('sensor');
  const sofar = perSensor.window(globalWindow(or(onCount(3), onWatermark()))).aggregate(() => ({ readings: count() }));
  const batches = perSensor.window(globalWindow(purging(onCount(3)))).aggregate((c) => ({ readings: count(), mean: avg(c.value) }));

  return { readings, averages, sofar, batches };
});
