using System.Collections.Concurrent;

namespace Backup.Sandbox.Sharding;

/// <summary>Points at which work stands still while a test wants it to.</summary>
internal sealed class PausePoints<T>
    where T : struct, Enum
{
    private readonly ConcurrentDictionary<T, Point> _points = [];

    public void Pause(T at) => _points.TryAdd(at, new Point());

    public void Resume(T at)
    {
        if (_points.TryRemove(at, out var point))
        {
            point.Released.TrySetResult();
        }
    }

    /// <summary>Completes as soon as somebody stands there.</summary>
    public Task ReachedAsync(T at) => _points.TryGetValue(at, out var point) ? point.Reached.Task : Task.CompletedTask;

    public async Task PassAsync(T at, CancellationToken cancellation)
    {
        while (_points.TryGetValue(at, out var point))
        {
            point.Reached.TrySetResult();
            await point.Released.Task.WaitAsync(cancellation);
        }
    }

    private sealed class Point
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
