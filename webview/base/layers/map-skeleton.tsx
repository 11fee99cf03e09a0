/** In place of maps that are still computed; frames keep the size of the ready view. */
export function MapSkeleton() {
  return (
    <div class="maps">
      {[0, 1, 2, 3].map((i) => (
        <div class="map" key={i}>
          <h3>&nbsp;</h3>
          <div class="skeleton pulse" style={{ width: '128px', height: '128px' }} />
          <div class="skeleton" style={{ width: '128px', height: '60px', marginTop: '8px' }} />
        </div>
      ))}
    </div>
  );
}
