using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>
/// One download. Nothing is counted and no status is sent before the first byte to send is made; then the use is counted durably, then the byte goes out. The
/// use is over when its last byte was handed to the network, before the message ends: whoever sees the end cannot begin in the middle again. What goes wrong
/// on the way breaks the message off, so that it never looks whole.
/// </summary>
internal sealed partial class DownloadRun(
    HttpContext context,
    DownloadLink link,
    DownloadServices services,
    DownloadGate gate,
    CancellationToken stopping
)
{
    private readonly HttpResponse _response = context.Response;
    private readonly DownloadBody _body = new(context);
    private readonly CancellationTokenSource _patience = new(Timeout.InfiniteTimeSpan, services.Time);
    private ByteRange? _range;
    private LinkContent? _content;
    private (long From, long End) _part = (0, long.MaxValue);
    private bool _isCounted;
    private long _lookedAt;

    private System.Net.IPAddress? Client => context.Connection.RemoteIpAddress;

    private bool IsToTheEnd => _part.End == long.MaxValue || _part.End == _content!.Bytes;

    /// <exception cref="BackupException">Why there is none; thrown before the first byte.</exception>
    public async Task RunAsync()
    {
        services.RequireAlive(link);
        _range = ByteRange.Parse(context.Request.Headers.Range);
        RequireUses();
        // What may come to nothing is counted, too: it is opened all the same.
        using var place = gate.Enter(link.Id, isCostly: _range is { IsPart: true } || link.Begun >= link.Uses);
        using var patience = _patience;
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted,
            stopping,
            _patience.Token
        );
        await using var download = await OpenAsync(ends.Token);
        await PrepareAsync(download.Tag, ends.Token);
        await using var bytes = new PartStream(_part.From, _part.End, piece => SendAsync(piece, ends.Token));
        try
        {
            await MakeAsync(download, bytes, ends.Token);
            await EndAsync(bytes, ends.Token);
        }
        catch (BackupException failure) when (!_isCounted)
        {
            throw Gone(failure);
        }
        catch (Exception failure) when (_isCounted || failure is OperationCanceledException)
        {
            await BreakOffAsync(bytes, failure);
        }
    }

    /// <summary>What is over is told before anything is opened for it. A use that is open may turn out to be given back.</summary>
    /// <exception cref="BackupException">8063.</exception>
    private void RequireUses()
    {
        var isOver = link.Finished >= link.Uses;
        var mayBeTail =
            _range is { IsPart: true, First: { } first }
            && link.Content?.Bytes is { } bytes
            && gate.IsTail(link.Id, Client, bytes - first);
        if (isOver && !mayBeTail)
        {
            throw BackupHttpServerErrors.UsedUp(link.Uses, isOpen: false);
        }
    }

    private async Task<IDownload> OpenAsync(CancellationToken cancellation)
    {
        try
        {
            return await services.Source.OpenAsync(link, cancellation);
        }
        catch (BackupException failure)
        {
            throw Gone(failure);
        }
    }

    private static BackupException Gone(BackupException failure) =>
        failure.IsTransient
        || failure.Number is >= BackupHttpServerErrors.LinkUnknown and <= BackupHttpServerErrors.DownloadStalled
            ? failure
            : BackupHttpServerErrors.SourceGone(failure);

    /// <summary>What is sent: everything, or a part, of which the length of all is known.</summary>
    private async Task PrepareAsync(string tag, CancellationToken cancellation)
    {
        var condition = context.Request.Headers.IfRange;
        if (condition.Count > 0 && condition.ToString() != DownloadAnswers.TagOf(tag))
        {
            _range = null;
        }

        var isOther = link.Content is { } known && ContentTag.Of(known) != tag;
        var kept = await ContentTag.KeepAsync(services.Metadata.Links, link, tag, cancellation);
        _content = isOther || link.Content is null ? new LinkContent(kept, null, null) : link.Content;
        if (_range is not { } range)
        {
            if (_body.NeedsLength && _content.Bytes is null)
            {
                _content = await EnsureSumAsync(cancellation);
            }

            return;
        }

        if (range is { First: 0, Last: null } && _content.Bytes is null)
        {
            // Everything: it goes out at once, and need not wait until its length is known.
            _range = null;
            return;
        }

        if (range.IsPart && isOther && link.Begun > link.Finished)
        {
            throw BackupHttpServerErrors.Changed();
        }

        // Also later on, and whoever was the first to see the other bytes.
        if (range.IsPart && condition.Count == 0 && ContentTag.HasChanged(_content))
        {
            throw BackupHttpServerErrors.PartUnsure(DownloadAnswers.TagOf(tag));
        }

        if (_content.Bytes is null)
        {
            // A part says where in the whole it is: the whole has to be made once first.
            _content = await EnsureSumAsync(cancellation);
        }

        if (range.Of(_content.Bytes!.Value) is not { } part)
        {
            _response.Headers.ContentRange = $"bytes */{_content.Bytes}";
            throw BackupHttpServerErrors.Range($"there are {_content.Bytes} bytes");
        }

        _part = part;
    }

    private async Task<LinkContent> EnsureSumAsync(CancellationToken cancellation)
    {
        try
        {
            return await services.Sums.EnsureAsync(link, cancellation);
        }
        catch (BackupException failure)
        {
            throw Gone(failure);
        }
    }

    private async Task MakeAsync(IDownload download, PartStream bytes, CancellationToken cancellation)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bytes.OnDone = IsToTheEnd ? null : enough.Cancel;
        try
        {
            await download.WriteAsync(bytes, enough.Token);
        }
        catch (OperationCanceledException)
            when (enough.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            // The part is there; what comes behind it is nobody's.
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellation)
    {
        if (!_isCounted)
        {
            await BeginAsync();
        }

        await LookAsync();
        cancellation.ThrowIfCancellationRequested();
        _patience.CancelAfter(services.Limits.Stall);
        await _body.WriteAsync(piece, cancellation);
        // A connection that is gone takes everything and says nothing.
        cancellation.ThrowIfCancellationRequested();
        _patience.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    private async Task BeginAsync()
    {
        var isPart = _part.From > 0;
        var verdict = await services.Metadata.Links.BeginAsync(link.Id, isPart, services.Time.GetUtcNow());
        if (
            verdict == LinkVerdict.UsedUp
            && isPart
            && gate.IsTail(link.Id, Client, _content!.Bytes!.Value - _part.From)
        )
        {
            verdict = LinkVerdict.GoesOn;
        }

        switch (verdict)
        {
            case LinkVerdict.Expired:
                throw BackupHttpServerErrors.Expired(link.ExpiresAt);
            case LinkVerdict.Revoked:
                throw BackupHttpServerErrors.WasRevoked(services.Time.GetUtcNow());
            case LinkVerdict.UsedUp:
                var now = await services.Metadata.Links.FindAsync(link.Id);
                throw BackupHttpServerErrors.UsedUp(link.Uses, isOpen: now is { } open && open.Finished < open.Begun);
        }

        _isCounted = true;
        try
        {
            Head();
            var part = _range is null ? "" : $"from byte {_part.From} on";
            await services.RecordAsync(context, link, AuditOutcomes.Begun, bytes: null, details: part);
            await _response.StartAsync(context.RequestAborted);
        }
        catch when (verdict == LinkVerdict.Begun)
        {
            await services.Metadata.Links.GiveBackAsync(link.Id);
            throw;
        }

        _lookedAt = services.Time.GetTimestamp();
    }

    private void Head()
    {
        DownloadAnswers.Describe(_response, link, _content);
        if (_range is not null)
        {
            _response.StatusCode = StatusCodes.Status206PartialContent;
            _response.Headers.ContentRange = DownloadAnswers.RangeOf(_part.From, _part.End, _content!.Bytes!.Value);
        }

        _body.Prepare(_range is null ? _content!.Bytes : _part.End - _part.From);
    }

    /// <summary>Revoking a link ends what is under way.</summary>
    private async ValueTask LookAsync()
    {
        if (services.Time.GetElapsedTime(_lookedAt) < services.Limits.Look)
        {
            return;
        }

        _lookedAt = services.Time.GetTimestamp();
        if (await services.Metadata.Links.FindAsync(link.Id) is { RevokedAt: { } revoked })
        {
            throw BackupHttpServerErrors.WasRevoked(revoked);
        }
    }

    private async Task EndAsync(PartStream bytes, CancellationToken cancellation)
    {
        if (!_isCounted)
        {
            // There was not a byte to send.
            await BeginAsync();
        }

        // A part that ends before the whole does says nothing of the whole.
        var sha256 = IsToTheEnd ? bytes.Hash() : _content!.Sha256;
        if (IsToTheEnd)
        {
            var isAsKnown = _content!.Sha256 is not { } known || known.AsSpan().SequenceEqual(sha256);
            if (!isAsKnown || (_content.Bytes ?? bytes.Made) != bytes.Made)
            {
                throw BackupHttpServerErrors.Changed();
            }

            if (_content.Sha256 is null)
            {
                _ = await services.Metadata.Links.SetSumAsync(link.Id, _content.Tag, bytes.Made, sha256!, cancellation);
            }

            await services.Metadata.Links.FinishAsync(link.Id, cancellation);
            gate.Ended(link.Id, Client);
        }

        await _body.EndAsync(sha256, cancellation);
        await services.RecordAsync(context, link, AuditOutcomes.Ok, bytes.Sent, details: IsToTheEnd ? "" : "a part");
        LogDone(services.Log, link.Id, bytes.Sent);
    }

    /// <summary>The message has begun: it ends without an end.</summary>
    private async Task BreakOffAsync(PartStream bytes, Exception failure)
    {
        var isStalled = _patience.IsCancellationRequested;
        var known =
            isStalled ? BackupHttpServerErrors.Stalled(services.Limits.Stall)
            : failure is OperationCanceledException ? null
            : failure as BackupException ?? BackupHttpServerErrors.Defect(failure);
        context.Abort();
        var outcome = known is null || isStalled ? AuditOutcomes.Cut : AuditOutcomes.Failed;
        LogCut(services.Log, link.Id, bytes.Sent, known?.Code ?? "-", known is null ? null : failure);
        if (_isCounted)
        {
            await services.RecordAsync(context, link, outcome, bytes.Sent, known);
        }
    }

    [LoggerMessage(8114, LogLevel.Information, "A download through the link {Link} ended: {Bytes} bytes")]
    private static partial void LogDone(ILogger log, string link, long bytes);

    [LoggerMessage(8115, LogLevel.Warning, "A download through the link {Link} was cut after {Bytes} bytes: {Code}")]
    private static partial void LogCut(ILogger log, string link, long bytes, string code, Exception? failure);
}
