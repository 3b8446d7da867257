/** What the agent can search: facts that it did not learn in training. */
export const articles = [
  {
    title: "Blue whale",
    text: "The blue whale is up to 30 m long and weighs up to 190 t. Its heart weighs 180 kg and beats eight times a minute.",
  },
  {
    title: "Sperm whale",
    text: "The sperm whale dives for 90 minutes and to a depth of 2,000 m. Its brain weighs 8 kg, more than that of any other animal.",
  },
  {
    title: "Humpback whale",
    text: "The humpback whale is 15 m long and migrates 8,000 km between its summer and winter waters. The males sing for hours.",
  },
  {
    title: "African elephant",
    text: "The African elephant weighs up to 6 t, and eats 150 kg of plants a day. It is pregnant for 22 months.",
  },
  { title: "Giraffe", text: "The giraffe is up to 5.7 m tall. Its heart weighs 11 kg and beats 150 times a minute." },
  { title: "Polar bear", text: "The polar bear weighs up to 0.7 t and swims for days without a rest." },
] as const;

/** The articles that have one of the words, those with most of them first. */
export function find(query: string): (typeof articles)[number][] {
  const words = query
    .toLowerCase()
    .split(/\W+/u)
    .filter((word) => word.length > 3);
  const hits = (article: (typeof articles)[number]): number =>
    words.filter((word) => `${article.title} ${article.text}`.toLowerCase().includes(word)).length;
  return articles
    .filter((article) => hits(article) > 0)
    .sort((a, b) => hits(b) - hits(a))
    .slice(0, 3);
}
