using Backup.AlertService.Channels;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Microsoft.Extensions.Logging;

namespace Backup.AlertService.Notices;

/// <summary>Brings what is queued to the channels, and tries again what did not arrive, for a day.</summary>
internal sealed class Couriers(
    IMetadataStore metadata,
    ChannelSenders senders,
    AlertOptions options,
    TimeProvider time,
    ILogger logger
)
{
    /// <summary>After the n-th try that failed; then every hour.</summary>
    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.FromSeconds(10),
        TimeSpan.FromSeconds(30),
        TimeSpan.FromMinutes(2),
        TimeSpan.FromMinutes(10),
        TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1),
    ];

    private static readonly TimeSpan Patience = TimeSpan.FromDays(1);

    private readonly string _owner = Guid.NewGuid().ToString("N");

    /// <returns>False where nothing is due.</returns>
    public async Task<bool> DeliverOneAsync(CancellationToken cancellation)
    {
        // Longer than a try may take: whoever dies with it loses it then.
        var delivery = await metadata.AlertChannels.TakeAsync(_owner, options.Patience * 2, cancellation);
        if (delivery is null)
        {
            return false;
        }

        var channel = await metadata.AlertChannels.FindAsync(delivery.ChannelId, cancellation);
        if (channel is null)
        {
            return true;
        }

        var failure = await SendAsync(channel, delivery, cancellation);
        if (failure is null)
        {
            await metadata.AlertChannels.DeliveredAsync(delivery.Id, _owner, CancellationToken.None);
            AlertLog.Delivered(logger, channel.Name, delivery.Alerts.Count);
            return true;
        }

        AlertLog.NotDelivered(logger, channel.Name, delivery.Attempts, failure.Code, failure.Message);
        await metadata.AlertChannels.FailedAsync(
            delivery.Id,
            _owner,
            failure.Code,
            failure.Message,
            RetryAt(delivery),
            CancellationToken.None
        );
        return true;
    }

    /// <summary>Null: not at all. Who tests a channel wants to know at once.</summary>
    private DateTimeOffset? RetryAt(DeliveryRecord delivery)
    {
        var next = time.GetUtcNow() + Pauses[Math.Min(delivery.Attempts, Pauses.Length) - 1];
        return delivery.IsTest || next - delivery.CreatedAt > Patience ? null : next;
    }

    private async Task<BackupException?> SendAsync(
        ChannelRecord channel,
        DeliveryRecord delivery,
        CancellationToken cancellation
    )
    {
        // Whoever stops lets the other side finish what it is taking: what is cut off there may have arrived, and would come again.
        using var patience = new CancellationTokenSource(options.Patience);
        using var stop = cancellation.Register(() => patience.CancelAfter(options.Farewell));
        try
        {
            var message = await MessageAsync(delivery, cancellation);
            if (message.IsTest == delivery.IsTest)
            {
                await senders.SendAsync(channel, message, patience.Token);
            }

            return null;
        }
        catch (BackupException failure)
        {
            return failure;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return AlertServiceErrors.Slow(channel.Name, options.Patience);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            return AlertServiceErrors.Unsent(channel.Name, failure);
        }
    }

    /// <summary>As the alerts are now; those that are gone are left out.</summary>
    private async Task<Message> MessageAsync(DeliveryRecord delivery, CancellationToken cancellation)
    {
        var alerts = new List<TellingOf>();
        foreach (var told in delivery.Alerts)
        {
            if (await metadata.Alerts.FindAsync(told.AlertId, cancellation) is { } alert)
            {
                alerts.Add(new TellingOf(alert, told.Kind));
            }
        }

        return new Message(
            delivery.Id,
            delivery.CreatedAt,
            [
                .. alerts
                    .OrderBy(static one => one.Kind == NoticeKind.Resolved)
                    .ThenByDescending(static one => one.Alert.Severity)
                    .ThenBy(static one => one.Alert.Id),
            ]
        )
        {
            Link = options.Link,
        };
    }
}
