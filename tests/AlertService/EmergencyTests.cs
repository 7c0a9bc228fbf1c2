using System.Text.Json;
using Backup.AlertService.Channels;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.AlertService;

/// <summary>A full disk is told, although nothing of it can be written down.</summary>
public sealed class EmergencyTests
{
    private static readonly BackupException Full = FoundationErrors.NoSpace("metadata.db", new IOException("full"));

    [Fact]
    public async Task Whoever_hears_of_the_appliance_is_told_at_once_every_hour_and_when_it_is_over()
    {
        await using var scene = await AlertScene.NewAsync();
        using var receiver = new Receiver();
        await scene.AddChannelAsync("webhook", ChannelSettings.Webhook(receiver.Url, null));
        await scene.AddChannelAsync(
            "webhook",
            ChannelSettings.Webhook(receiver.Url, null),
            change: static one => one with { WithAppliance = false }
        );
        var emergency = scene.NewEmergency();
        await emergency.WorkedAsync(default);
        await emergency.FailedAsync(new InvalidOperationException("something else"), default);
        receiver.Taken.ShouldBeEmpty();

        for (var seconds = 0; seconds <= 3600; seconds += 15)
        {
            await emergency.FailedAsync(Full, default);
            scene.Time.Advance(TimeSpan.FromSeconds(15));
        }

        await emergency.WorkedAsync(default);
        await emergency.WorkedAsync(default);
        receiver
            .Taken.Select(static one => JsonDocument.Parse(one.Body).RootElement.GetProperty("alerts")[0])
            .Select(static one => (one.GetProperty("event").GetString(), one.GetProperty("code").GetString()))
            .ShouldBe([("opened", "BK8822"), ("still", "BK8822"), ("resolved", "BK8822")]);
        (await scene.Store.Alerts.ListAsync()).ShouldBeEmpty("nothing of it is stored");
    }

    [Fact]
    public async Task What_does_not_arrive_is_tried_with_the_next_round()
    {
        await using var scene = await AlertScene.NewAsync();
        using var receiver = new Receiver();
        receiver.Status = 500;
        await scene.AddChannelAsync("webhook", ChannelSettings.Webhook(receiver.Url, null));
        var emergency = scene.NewEmergency();
        await emergency.FailedAsync(Full, default);
        receiver.Status = 200;
        await emergency.FailedAsync(Full, default);
        await emergency.FailedAsync(Full, default);
        receiver.Taken.Count.ShouldBe(2, "one that was refused, and one that arrived");
    }
}
