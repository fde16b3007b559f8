// With JavaScript functions: a day's weather told in words. Rows come as objects, and functions say first what they make.
import { collect, csv, file, float64, job, timestamp, utf8 } from 'millrace';

interface Day {
  readonly temp_max: number;
  readonly temp_min: number;
  readonly wind: number;
}

function feelsLike({ temp_max, temp_min, wind }: Day): string {
  const mean = (temp_max + temp_min) / 2;
  const felt = wind > 6 ? mean - 3 : mean;
  return felt < 5 ? 'cold' : felt < 15 ? 'cool' : felt < 23 ? 'mild' : 'hot';
}

export default job(import.meta, 'weather-stories', (env, params: { weather: string }) => {
  const days = env.from(file(params.weather, { format: csv() }), {
    schema: {
      location: utf8(),
      date: timestamp(),
      precipitation: float64(),
      temp_max: float64(),
      temp_min: float64(),
      wind: float64(),
      weather: utf8(),
    },
  });
  const stories = days
    .filter((day) => day.weather !== 'sun' || day.temp_max >= 30)
    .map({ location: utf8(), date: timestamp(), story: utf8() }, (day) => ({
      location: day.location,
      date: day.date,
      story: `a ${feelsLike(day)} day of ${day.weather}${day.precipitation > 20 ? ', very wet' : ''}`,
    }))
    .flatMap({ location: utf8(), word: utf8() }, ({ location, story }) => story.split(/\W+/).map((word) => ({ location, word })));
  return { words: stories.to(collect()) };
});
