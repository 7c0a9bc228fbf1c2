using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

/// <content>What is asked of sources' servers, and what happened to them.</content>
public abstract partial class MetadataConformance
{
    [Fact]
    public async Task What_is_asked_of_hosts_is_handed_out_once_and_answered_once()
    {
        var deployment = await DeploymentAsync();
        var now = Time.GetUtcNow();
        (await Store.HostRequests.TakeAsync(deployment.Id, now)).ShouldBeNull();
        var asked = new HostRequestRecord(deployment.Id, "1", "{}", now);
        await Store.HostRequests.AskAsync(asked);
        (await Store.HostRequests.AnswerAsync(deployment.Id, "1", "too early")).ShouldBeFalse("nobody was asked yet");
        (await Store.HostRequests.TakeAsync(deployment.Id, now.AddSeconds(1))).ShouldBeNull("it is too old");

        var taken = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Store.HostRequests.TakeAsync(deployment.Id, now))
        );
        taken.Count(static one => one is not null).ShouldBe(1);
        taken.OfType<HostRequestRecord>().Single().ShouldBe(asked);
        (await Store.HostRequests.AnswerAsync(deployment.Id, "2", "another")).ShouldBeFalse();
        (await Store.HostRequests.AnswerAsync(deployment.Id, "1", "done")).ShouldBeTrue();
        (await Store.HostRequests.AnswerAsync(deployment.Id, "1", "again")).ShouldBeFalse();
        (await Store.HostRequests.FindAsync(deployment.Id)).ShouldBe(asked with { Answer = "done" });

        await Store.HostRequests.AskAsync(asked with { Id = "2" });
        (await Store.HostRequests.FindAsync(deployment.Id))!.Answer.ShouldBeNull("the newest takes the place");
        (await Store.HostRequests.AnswerAsync(deployment.Id, "1", "late")).ShouldBeFalse();
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => Store.HostRequests.AskAsync(asked with { DeploymentId = "none" })
        );
    }

    [Fact]
    public async Task Of_hosts_nothing_dangerous_may_be_asked_unless_it_is_set()
    {
        var deployment = await DeploymentAsync();
        (await Store.HostRequests.SettingsAsync(deployment.Id)).ShouldBe(new HostSettings(false, false));
        await Store.HostRequests.SetSettingsAsync(deployment.Id, new HostSettings(true, false));
        (await Store.HostRequests.SettingsAsync(deployment.Id)).ShouldBe(new HostSettings(true, false));
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => Store.HostRequests.SetSettingsAsync("none", new HostSettings())
        );
    }

    [Fact]
    public async Task Of_what_happens_to_hosts_the_newest_are_kept_for_a_year()
    {
        var deployment = await DeploymentAsync();
        var begin = Time.GetUtcNow();
        await AddAsync(1);
        Time.Advance(IMonitoring.EventsKept);
        await AddAsync(2);
        (await ListAsync()).ShouldBe(["1", "2"]);
        Time.Advance(TimeSpan.FromMinutes(1));
        await AddAsync(3);
        (await ListAsync()).ShouldBe(["2", "3"]);

        await AddAsync([.. Enumerable.Range(10, IMonitoring.MostEvents + 5)]);
        var kept = await ListAsync();
        kept.Count.ShouldBe(IMonitoring.MostEvents);
        kept[0].ShouldBe("15");

        Task AddAsync(params int[] hosts) =>
            Store.Monitoring.AddAsync(
                new MonitoringRecord(deployment.Id, Time.GetUtcNow(), [1], 1),
                TimeSpan.FromDays(1),
                [
                    .. hosts.Select(one => new HostEventRecord(
                        deployment.Id,
                        Time.GetUtcNow(),
                        HostEventKind.Role,
                        $"{one}",
                        "SECONDARY",
                        "RECOVERING"
                    )),
                ]
            );

        async Task<List<string>> ListAsync() =>
            [
                .. (await Store.Monitoring.EventsAsync(deployment.Id, begin, Time.GetUtcNow().AddDays(1), int.MaxValue))
                    .Reverse()
                    .Select(static one => one.Host),
            ];
    }
}
