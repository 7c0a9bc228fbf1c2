using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Backup.AlertService;
using Backup.AlertService.Channels;
using Backup.AlertService.Watch;
using Backup.Foundation.Secrets;
using Backup.Metadata.Alerting;
using Backup.Metadata.Mongo;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Backup.Tests.AlertService;

/// <summary>Two alert services on one catalogue, which a real MongoDB holds, and a real mail server: nobody is told twice, and where one goes the other goes on.</summary>
public sealed partial class SeveralHostsTests : IAsyncDisposable
{
    private const int Disks = 60;
    private const string Database = "backup-metadata";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<string> _told = [];
    private int _full;

    [MailOverMongoFact]
    public async Task Each_alert_is_mailed_once_when_it_begins_and_once_when_it_is_over_whoever_watches()
    {
        await using var mongo = await RealMongo.StartAsync();
        await using var server = await SmtpServer.StartAsync();
        var reading = Task.Run(() => ReadAsync(server));
        await using var one = await OpenAsync(mongo);
        await using var other = await OpenAsync(mongo);
        using var box = SecretBox.Ensure(_folder.File("key"));
        var group = await one.Access.EnsureGroupAsync("default");
        await new MailSettings(one.Settings, () => box).SetAsync(
            new MailServer("127.0.0.1", server.Port, false, "backup@example.org", null, null),
            null
        );
        await one.AlertChannels.AddAsync(
            new ChannelRecord(
                "c",
                group.Id,
                "ops",
                ChannelKinds.Mail,
                """{"to":["ops@example.org"]}""",
                null,
                AlertSeverity.Warning,
                [],
                [],
                WithAppliance: true,
                IsOn: true,
                _time.GetUtcNow()
            )
        );

        await using var second = Start(other, box);
        await using (Start(one, box))
        {
            // They come one after another while both are at work.
            for (var full = 1; full <= Disks; full++)
            {
                Volatile.Write(ref _full, full);
                await Task.Delay(20);
            }

            await UntilToldAsync(Disks, Patience);
        }

        _told.Count.ShouldBe(Disks);
        // Whoever watched may have been the one that is gone.
        Volatile.Write(ref _full, 0);
        for (var minute = 0; minute < 14 && _told.Count < Disks * 2; minute++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            await UntilToldAsync(Disks * 2, TimeSpan.FromSeconds(1));
        }

        await UntilToldAsync(Disks * 2, Patience);
        await second.DisposeAsync();
        await server.DisposeAsync();
        await reading;
        _told
            .Order(StringComparer.Ordinal)
            .ShouldBe(
                Enumerable
                    .Range(1, Disks)
                    .SelectMany(static disk => new[] { $"Critical /d{disk}", $"Over /d{disk}" })
                    .Order(StringComparer.Ordinal)
            );
        var sent = await other.AlertChannels.DeliveriesAsync(group.Id, 1000);
        sent.ShouldAllBe(static delivery => delivery.State == DeliveryState.Delivered && delivery.Attempts == 1);
        sent.Sum(static delivery => delivery.Alerts.Count).ShouldBe(Disks * 2);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task<MongoMetadataStore> OpenAsync(RealMongo mongo) =>
        MongoMetadataStore.OpenAsync(mongo.ConnectionString, Database, new MongoMetadataOptions { Time = _time });

    private AlertHost Start(MongoMetadataStore store, SecretBox box) =>
        AlertHost.Start(
            new AlertOptions
            {
                Look = TimeSpan.FromMilliseconds(30),
                Tell = TimeSpan.FromMilliseconds(10),
                // The clock of this test goes faster than a mail: what is on its way stays its courier's.
                Patience = TimeSpan.FromMinutes(10),
            },
            store,
            _ => Task.FromResult(Around(Volatile.Read(ref _full))),
            () => box,
            _time,
            NullLoggerFactory.Instance
        );

    private async Task ReadAsync(SmtpServer server)
    {
        while (await server.TryReceiveAsync() is { } mail)
        {
            // In a message what is over comes last, each under a line of its own.
            foreach (Match told in Told().Matches(mail.Parts["text/plain"]))
            {
                _told.Enqueue($"{told.Groups[1].Value} {told.Groups[2].Value}");
            }
        }
    }

    private async Task UntilToldAsync(int count, TimeSpan patience)
    {
        for (var watch = Stopwatch.StartNew(); _told.Count < count && watch.Elapsed < patience; )
        {
            await Task.Delay(20);
        }
    }

    private static ApplianceFacts Around(int full) =>
        new(
            [
                .. Enumerable
                    .Range(1, Disks)
                    .Select(disk => new DiskFacts($"/d{disk}", 100L << 30, disk <= full ? 5L << 30 : 50L << 30)),
            ],
            [],
            [],
            "1.0"
        );

    [GeneratedRegex(
        @"^(Critical|Warning|Over): A disk of the appliance is full: (/d\d+)\s*$",
        RegexOptions.Multiline,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Told();
}

/// <summary>Needs a real mongod, and Debian's python3-aiosmtpd.</summary>
public sealed class MailOverMongoFactAttribute() : ConditionalFactAttribute(Missing())
{
    private static string? Missing() =>
        RealMongo.Binary is null ? "SKIPPED: needs a real mongod" : SmtpFactAttribute.Missing();
}
