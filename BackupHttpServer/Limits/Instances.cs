using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.BackupHttpServer.Limits;

/// <summary>
/// How many instances serve the same catalogue, so that each takes its part of the limits. One that joins is counted before it serves;
/// the others know of it within <see cref="Interval"/>. One that died is counted for <see cref="Silence"/> more.
/// </summary>
internal sealed class Instances : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    private readonly IServerInstances _instances;
    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private Task _telling = Task.CompletedTask;
    private int _count = 1;
    private int _disposed;

    private Instances(IServerInstances instances, TimeProvider time) => (_instances, _time) = (instances, time);

    /// <summary>At least 1.</summary>
    public int Count => Volatile.Read(ref _count);

    public static async Task<Instances> JoinAsync(
        IServerInstances instances,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var made = new Instances(instances, time);
        made._count = await instances.SeenAsync(made._id, Silence, cancellation);
        made._telling = made.TellAsync(made._stop.Token);
        return made;
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync();
        await _telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await _instances.LeaveAsync(_id);
        }
        catch (BackupException)
        {
            // It is forgotten after a while.
        }

        _stop.Dispose();
    }

    private async Task TellAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            try
            {
                Volatile.Write(ref _count, Math.Max(1, await _instances.SeenAsync(_id, Silence, cancellation)));
            }
            catch (BackupException)
            {
                // A full disk, a busy database: the count known last goes on.
            }
        }
    }
}
