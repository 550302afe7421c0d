export default function Page() {
  return <p>sums</p>;
}
