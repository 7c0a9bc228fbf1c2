using System.Collections.Concurrent;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Tests.Support;

/// <summary>
/// Inserts without pause, each document with <c>w: majority</c>, and remembers which ones were acknowledged. What failed may be there or
/// not: its number is never used again. Dispose to end.
/// </summary>
public sealed class MajorityWriter : IAsyncDisposable
{
    private const int Workers = 4;
    private readonly ReplicaSetUnderTest _set;
    private readonly ConcurrentBag<int> _acknowledged = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _next;
    private int _failed;

    public MajorityWriter(ReplicaSetUnderTest set)
    {
        _set = set;
        _running = Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(WriteAsync)));
    }

    public IReadOnlyCollection<int> Acknowledged => _acknowledged;

    public int Failed => Volatile.Read(ref _failed);

    /// <summary>Waits until so many more were acknowledged.</summary>
    public async Task WaitAsync(int more)
    {
        for (var target = _acknowledged.Count + more; _acknowledged.Count < target; await Task.Delay(20))
        {
            if (_running.IsCompleted)
            {
                await _running;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    private async Task WriteAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var id = Interlocked.Increment(ref _next);
            var insert = ExtendedJson.Parse(
                $$"""
                {"insert":"majority","documents":[{"_id":{{id}},"text":"some {{id}} text"}],
                 "writeConcern":{"w":"majority","wtimeout":5000} }
                """
            );
            try
            {
                using var reply = await _set.Client.RunCommandAsync(
                    "shop",
                    insert,
                    ReadTarget.Primary,
                    CancellationToken.None
                );
                if (!reply.View.Has("writeConcernError"u8) && !reply.View.Has("writeErrors"u8))
                {
                    _acknowledged.Add(id);
                    continue;
                }
            }
            catch (BackupException)
            {
                // The primary went away, or there is none: this document's fate is unknown.
            }

            Interlocked.Increment(ref _failed);
            await Task.Delay(20);
        }
    }
}
