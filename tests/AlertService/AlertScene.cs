using Backup.AlertService;
using Backup.AlertService.Channels;
using Backup.AlertService.Notices;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backup.Tests.AlertService;

/// <summary>A real catalogue, a clock that is moved, and whoever tells and delivers.</summary>
internal sealed class AlertScene : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly ChannelSenders _senders;

    private AlertScene(SqliteMetadataStore store, ManualTime time, Group group, TemporaryFolder folder)
    {
        (Store, Time, Group, _folder) = (store, time, group, folder);
        Box = SecretBox.Ensure(folder.File("secrets/key"));
        Mail = new MailSettings(store.Settings, () => Box);
        _senders = new ChannelSenders(store.Settings, () => Box, time);
        Teller = new Teller(store, time);
        Couriers = NewCouriers();
    }

    public SqliteMetadataStore Store { get; }

    public ManualTime Time { get; }

    public Group Group { get; }

    public SecretBox Box { get; }

    public MailSettings Mail { get; }

    public Teller Teller { get; }

    public Couriers Couriers { get; }

    public static async Task<AlertScene> NewAsync()
    {
        var (folder, time) = (new TemporaryFolder(), new ManualTime());
        var store = await SqliteMetadataStore.OpenAsync(folder.File("metadata.db"), time);
        return new AlertScene(store, time, await store.Access.EnsureGroupAsync("default"), folder);
    }

    public async ValueTask DisposeAsync()
    {
        _senders.Dispose();
        await Store.DisposeAsync();
        Box.Dispose();
        _folder.Dispose();
    }

    /// <summary>As another instance has them.</summary>
    public Couriers NewCouriers() =>
        new(
            Store,
            _senders,
            new AlertOptions { Link = new Uri("https://backup.example.org/"), Patience = TimeSpan.FromSeconds(20) },
            Time,
            NullLogger.Instance
        );

    public Emergency NewEmergency() =>
        new(Store, _senders, new AlertOptions { Patience = TimeSpan.FromSeconds(20) }, Time, NullLogger.Instance);

    public async Task<ChannelRecord> AddChannelAsync(
        string kind,
        string settings,
        byte[]? secret = null,
        Func<ChannelRecord, ChannelRecord>? change = null
    )
    {
        var id = Guid.NewGuid().ToString("N");
        var channel = new ChannelRecord(
            id,
            Group.Id,
            $"{kind} {id}",
            kind,
            settings,
            secret is null ? null : Box.Seal(secret, ChannelSettings.PurposeOf(id)),
            AlertSeverity.Warning,
            [],
            [],
            true,
            true,
            Time.GetUtcNow()
        );
        channel = change?.Invoke(channel) ?? channel;
        await Store.AlertChannels.AddAsync(channel);
        return channel;
    }

    public Task<bool> RaiseAsync(
        string condition = "agent-down",
        string subject = "x",
        AlertSeverity severity = AlertSeverity.Critical,
        string message = "It is down."
    ) =>
        Store.Alerts.RaiseAsync(
            new AlertRaise(condition, subject, "BK8801", message, "Look there.")
            {
                GroupId = Group.Id,
                Severity = severity,
                SubjectName = subject,
                Consequence = "Nothing is stored.",
            }
        );

    /// <summary>Who is told of what now, as <c>channel: kind subject</c>.</summary>
    public async Task<IReadOnlyList<string>> ToldAsync()
    {
        await Teller.RoundAsync(CancellationToken.None);
        var told = new List<string>();
        while (await Store.AlertChannels.TakeAsync("test", TimeSpan.FromMinutes(1)) is { } delivery)
        {
            var channel = (await Store.AlertChannels.FindAsync(delivery.ChannelId))!;
            foreach (var one in delivery.Alerts)
            {
                var alert = (await Store.Alerts.FindAsync(one.AlertId))!;
                told.Add($"{channel.Kind}: {one.Kind} {alert.Subject}");
            }

            await Store.AlertChannels.DeliveredAsync(delivery.Id, "test");
        }

        return told;
    }
}
