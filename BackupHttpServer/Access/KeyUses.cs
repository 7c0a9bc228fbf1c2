using System.Collections.Concurrent;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.BackupHttpServer.Access;

/// <summary>
/// When each key was last used, written now and then rather than with each request: a crash makes that time older by
/// <see cref="Interval"/> at most. Thread-safe.
/// </summary>
internal sealed class KeyUses : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _uses = new(StringComparer.Ordinal);
    private readonly ICredentials _credentials;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _writing;
    private int _disposed;

    public KeyUses(ICredentials credentials, TimeProvider time)
    {
        _credentials = credentials;
        _time = time;
        _writing = WriteAsync(_stop.Token);
    }

    public void Used(string keyId) => _uses[keyId] = _time.GetUtcNow();

    /// <summary>Writes what is known. What cannot be written is tried again with the next round.</summary>
    public async Task FlushAsync(CancellationToken cancellation)
    {
        var uses = _uses.ToArray();
        if (uses.Length == 0)
        {
            return;
        }

        try
        {
            await _credentials.KeysUsedAsync(uses, cancellation);
        }
        catch (BackupException)
        {
            // A full disk, a busy database: whoever stores slices says so.
            return;
        }

        foreach (var use in uses)
        {
            // Only where it was not used again meanwhile.
            _ = _uses.TryRemove(use);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await FlushAsync(CancellationToken.None);
        _stop.Dispose();
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            await FlushAsync(cancellation);
        }
    }
}
