namespace Backup.Metadata.Mongo.Transactions;

/// <summary>Lets one at a time of each lane go on, in the order in which they came. A lane is forgotten when nobody is in it. Thread-safe.</summary>
internal sealed class Lanes
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    /// <summary>Waits for its turn; it ends when what is given is disposed.</summary>
    internal async Task<IDisposable> EnterAsync(string name, CancellationToken cancellation)
    {
        Lane? lane;
        lock (_lock)
        {
            if (!_lanes.TryGetValue(name, out lane))
            {
                _lanes.Add(name, lane = new Lane(this, name));
            }

            lane.Users++;
        }

        try
        {
            await lane.Turn.WaitAsync(cancellation);
        }
        catch
        {
            Leave(lane);
            throw;
        }

        return new Turn(lane);
    }

    private void Leave(Lane lane)
    {
        lock (_lock)
        {
            if (--lane.Users == 0)
            {
                _lanes.Remove(lane.Name);
                lane.Turn.Dispose();
            }
        }
    }

    private sealed class Lane(Lanes lanes, string name)
    {
        public string Name => name;

        public SemaphoreSlim Turn { get; } = new(1, 1);

        /// <summary>Who is in it or waits. Under the lock.</summary>
        public int Users { get; set; }

        public void End()
        {
            Turn.Release();
            lanes.Leave(this);
        }
    }

    private sealed class Turn(Lane lane) : IDisposable
    {
        private int _done;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _done, 1) == 0)
            {
                lane.End();
            }
        }
    }
}
