using Backup.AlertService.Channels;
using Backup.AlertService.Conditions;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Microsoft.Extensions.Logging;

namespace Backup.AlertService.Notices;

/// <summary>
/// Tells of the one thing that cannot be written down: that nothing can be. While the disk is full no alert can be stored, queued or noted as told, so channels
/// are told at once, by whichever instance finds it, what it has told being known to itself alone: it may come twice, and never not at all.
/// </summary>
/// <param name="metadata">Channels, which can be read.</param>
/// <param name="senders">Send to them.</param>
/// <param name="options">How long a channel may take.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">What did not arrive.</param>
internal sealed class Emergency(
    IMetadataStore metadata,
    ChannelSenders senders,
    AlertOptions options,
    TimeProvider time,
    ILogger logger
)
{
    private static readonly TimeSpan Again = TimeSpan.FromHours(1);

    private DateTimeOffset? _since;
    private DateTimeOffset? _toldAt;

    /// <summary>A round failed: where it did because the disk is full, everybody is told, and again every hour.</summary>
    public async Task FailedAsync(Exception failure, CancellationToken cancellation)
    {
        if (failure is not BackupException { Number: FoundationErrors.DiskFull } full)
        {
            return;
        }

        var now = time.GetUtcNow();
        if (_toldAt is { } told && now - told < Again)
        {
            return;
        }

        var kind = _toldAt is null ? NoticeKind.Opened : NoticeKind.Still;
        _since ??= now;
        if (await TellAsync(AlertServiceErrors.Unwritable(full.Message), kind, over: null, cancellation))
        {
            _toldAt = now;
        }
    }

    /// <summary>A round ended well: who heard of it hears that it is over.</summary>
    public async Task WorkedAsync(CancellationToken cancellation)
    {
        if (_toldAt is not null)
        {
            _ = await TellAsync(AlertServiceErrors.Unwritable(""), NoticeKind.Resolved, time.GetUtcNow(), cancellation);
        }

        (_since, _toldAt) = (null, null);
    }

    /// <returns>Whether it arrived somewhere, or nobody is to be told.</returns>
    private async Task<bool> TellAsync(
        BackupException cause,
        NoticeKind kind,
        DateTimeOffset? over,
        CancellationToken cancellation
    )
    {
        var now = time.GetUtcNow();
        var alert = new AlertRecord(
            AlertConditions.StoreSpace,
            "catalogue",
            cause.Code,
            cause.Message,
            cause.Hint,
            _since ?? now,
            now,
            over
        )
        {
            SubjectName = "the appliance",
            Consequence = AlertServiceErrors.UnwritableConsequence,
            Notices = 1,
        };
        var channels = (await metadata.AlertChannels.ListAsync(cancellation))
            .Where(one => Teller.Hears(one, alert))
            .ToList();
        var arrived = await Task.WhenAll(channels.Select(one => SendAsync(one, alert, kind, cancellation)));
        return channels.Count == 0 || arrived.Contains(true);
    }

    private async Task<bool> SendAsync(
        ChannelRecord channel,
        AlertRecord alert,
        NoticeKind kind,
        CancellationToken cancellation
    )
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(options.Patience);
        try
        {
            var message = new Message(Teller.NewId(time.GetUtcNow()), time.GetUtcNow(), [new TellingOf(alert, kind)])
            {
                Link = options.Link,
            };
            await senders.SendAsync(channel, message, patience.Token);
            AlertLog.Delivered(logger, channel.Name, 1);
            return true;
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            var known = failure as BackupException ?? AlertServiceErrors.Unsent(channel.Name, failure);
            AlertLog.NotDelivered(logger, channel.Name, 1, known.Code, known.Message);
            return false;
        }
    }
}
