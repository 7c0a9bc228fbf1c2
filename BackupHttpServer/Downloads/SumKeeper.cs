using System.Collections.Concurrent;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>
/// Finds out size and SHA-256 of what links lead to: in the background, one after another, and at once for a download that waits. All bytes are made
/// for it once, which proves that they can be read. What a killed process had not finished is begun again.
/// </summary>
internal sealed partial class SumKeeper : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Lazy<Task<LinkContent>>> _running = new(StringComparer.Ordinal);
    private readonly IDownloads _downloads;
    private readonly IMetadataStore _metadata;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private int _disposed;

    public SumKeeper(IDownloads downloads, IMetadataStore metadata, TimeProvider time, ILogger log)
    {
        (_downloads, _metadata, _time, _log) = (downloads, metadata, time, log);
        _work = Task.Run(() => WorkAsync(_stop.Token));
    }

    /// <summary>Size and sum of what the link leads to now, made for it if need be.</summary>
    /// <exception cref="BackupException">Of the source.</exception>
    public async Task<LinkContent> EnsureAsync(DownloadLink link, CancellationToken cancellation)
    {
        // Whoever waits may go away; the work goes on for the next one.
        var made = _running.GetOrAdd(
            link.Id,
            _ => new Lazy<Task<LinkContent>>(() => Task.Run(() => MakeAndForgetAsync(link)))
        );
        return await made.Value.WaitAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var made in _running.Values)
        {
            await ((Task)made.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _stop.Dispose();
    }

    private async Task<LinkContent> MakeAndForgetAsync(DownloadLink link)
    {
        try
        {
            return await MakeAsync(link, _stop.Token);
        }
        finally
        {
            _ = _running.TryRemove(link.Id, out _);
        }
    }

    private async Task<LinkContent> MakeAsync(DownloadLink link, CancellationToken cancellation)
    {
        await using var download = await _downloads.OpenAsync(link, cancellation);
        await using var bytes = new PartStream(0, 0, static _ => ValueTask.CompletedTask);
        await download.WriteAsync(bytes, cancellation);
        var tag = await ContentTag.KeepAsync(_metadata.Links, link, download.Tag, cancellation);
        var content = new LinkContent(tag, bytes.Made, bytes.Hash());
        _ = await _metadata.Links.SetSumAsync(link.Id, content.Tag, bytes.Made, content.Sha256!, cancellation);
        return content;
    }

    private async Task WorkAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var seen = _metadata.ChangeCount;
                var wanting = await _metadata.Links.WantingSumAsync(_time.GetUtcNow(), cancellation);
                if (wanting.Count == 0)
                {
                    await _metadata.WaitForChangeAsync(seen, Look, cancellation);
                    continue;
                }

                await FindOutAsync(wanting[0], cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // A store that is closed for a moment, a disk that is full: the cause goes away, and this goes on.
                LogLater(failure);
                await Task.Delay(Pause, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task FindOutAsync(DownloadLink link, CancellationToken cancellation)
    {
        try
        {
            _ = await EnsureAsync(link, cancellation);
        }
        catch (Exception failure)
            when (failure is not OperationCanceledException && failure is not BackupException { IsTransient: true })
        {
            LogTrouble(link.Id, failure);
            var known = failure as BackupException ?? BackupHttpServerErrors.Defect(failure);
            await _metadata.Links.SetTroubleAsync(link.Id, $"{known.Code} {known.Message}", cancellation);
        }
    }

    [LoggerMessage(8110, LogLevel.Warning, "Size and sum of a download are found out later")]
    private partial void LogLater(Exception failure);

    [LoggerMessage(8111, LogLevel.Error, "What the download link {Link} leads to cannot be read")]
    private partial void LogTrouble(string link, Exception failure);
}
