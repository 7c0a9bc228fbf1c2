using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task The_newest_request_for_an_agents_log_is_answered_once()
    {
        var agent = (await AgentAsync(1)).Id;
        (await Store.AgentLogs.FindAsync(agent)).ShouldBeNull();
        var first = new AgentLogRecord(agent, "r1", 100, null, Time.GetUtcNow());
        var second = new AgentLogRecord(agent, "r2", 5, 600, Time.GetUtcNow());
        await Store.AgentLogs.RequestAsync(first);
        (await Store.AgentLogs.FindAsync(agent)).ShouldBe(first);
        await Store.AgentLogs.RequestAsync(second);
        (await Store.AgentLogs.AnswerAsync(agent, "r1", "late")).ShouldBeFalse();
        (await Store.AgentLogs.AnswerAsync(agent, "r2", "[]")).ShouldBeTrue();
        (await Store.AgentLogs.AnswerAsync(agent, "r2", "again")).ShouldBeFalse();
        (await Store.AgentLogs.FindAsync(agent)).ShouldBe(second with { Excerpt = "[]" });
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => Store.AgentLogs.RequestAsync(first with { AgentId = "none" })
        );
    }

    [Fact]
    public async Task An_enrolled_agent_is_found_by_its_key_and_marked_once_it_is_revoked()
    {
        var agent = await AgentAsync(key: 9);
        Time.Advance(TimeSpan.FromMinutes(1));
        await Store.Access.AgentSeenAsync(agent.Id, "0.2.0");
        await ReopenAsync();
        var found = (await Store.Credentials.FindKeyAsync(Hash(9)))!;
        (found.Agent.Version, found.Agent.LastSeenAt).ShouldBe(("0.2.0", Time.GetUtcNow()));
        (found.Key.State, found.Key.AgentId, found.Key.GroupId, found.Key.LastUsedAt).ShouldBe(
            (ApiKeyState.Valid, agent.Id, agent.GroupId, null)
        );
        (await Store.Credentials.FindKeyAsync(Hash(10))).ShouldBeNull();

        await Store.Access.RevokeAgentAsync(agent.Id);
        (await Store.Credentials.FindKeyAsync(Hash(9)))!.Agent.Revoked.ShouldBeTrue();
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Access.RevokeAgentAsync("nobody"));
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Access.AgentSeenAsync("nobody", "1"));
    }

    [Fact]
    public async Task A_key_ends_only_once_the_one_that_replaces_it_is_confirmed()
    {
        var agent = await AgentAsync(key: 9);
        var first = await KeyAsync(9);
        var (lost, next) = (NewKey(agent, 10, first.Id), NewKey(agent, 11, first.Id));
        (await Store.Credentials.OfferKeyAsync(lost)).ShouldBeTrue();
        (await Store.Credentials.OfferKeyAsync(next)).ShouldBeTrue();
        (await Store.Credentials.FindKeyAsync(Hash(10))).ShouldBeNull("the agent never got it: it asked again");
        (await KeyAsync(9)).State.ShouldBe(ApiKeyState.Valid);
        (await KeyAsync(11)).State.ShouldBe(ApiKeyState.Pending);

        Time.Advance(TimeSpan.FromSeconds(5));
        (await Store.Credentials.ConfirmKeyAsync(lost.Id)).ShouldBeFalse();
        (await Store.Credentials.ConfirmKeyAsync(next.Id)).ShouldBeTrue();
        (await Store.Credentials.ConfirmKeyAsync(next.Id)).ShouldBeTrue("an answer may be lost");
        (await KeyAsync(11)).State.ShouldBe(ApiKeyState.Valid);
        var ended = await KeyAsync(9);
        (ended.State, ended.EndedAt).ShouldBe((ApiKeyState.Replaced, Time.GetUtcNow()));

        (await Store.Credentials.OfferKeyAsync(NewKey(agent, 12, first.Id))).ShouldBeFalse("it has ended");
        (await Store.Credentials.ConfirmKeyAsync(first.Id)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_revoked_key_takes_the_one_that_was_to_replace_it_with_it()
    {
        var agent = await AgentAsync(key: 9);
        var other = await AgentAsync(key: 20, token: 2);
        var next = NewKey(agent, 10, (await KeyAsync(9)).Id);
        await Store.Credentials.OfferKeyAsync(next);
        await Store.Credentials.RevokeKeyAsync((await KeyAsync(9)).Id);
        (await KeyAsync(9)).State.ShouldBe(ApiKeyState.Revoked);
        (await Store.Credentials.ConfirmKeyAsync(next.Id)).ShouldBeFalse();
        (await KeyAsync(20)).ShouldSatisfyAllConditions(
            key => key.State.ShouldBe(ApiKeyState.Valid),
            key => key.AgentId.ShouldBe(other.Id)
        );
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Credentials.RevokeKeyAsync("none"));
    }

    [Fact]
    public async Task A_rotation_is_wanted_until_the_key_is_replaced()
    {
        var agent = await AgentAsync(key: 9);
        var first = await KeyAsync(9);
        first.RotationWanted.ShouldBeFalse();
        await Store.Credentials.RequestRotationAsync(first.Id);
        (await KeyAsync(9)).RotationWanted.ShouldBeTrue();
        var next = NewKey(agent, 10, first.Id);
        await Store.Credentials.OfferKeyAsync(next);
        await ShouldFailAsync(MetadataErrors.KeyNotValid, () => Store.Credentials.RequestRotationAsync(next.Id));
        await Store.Credentials.ConfirmKeyAsync(next.Id);
        (await Store.Credentials.KeysAsync()).ShouldAllBe(key => !key.RotationWanted);
        await ShouldFailAsync(MetadataErrors.KeyNotValid, () => Store.Credentials.RequestRotationAsync(first.Id));
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Credentials.RequestRotationAsync("none"));
    }

    [Fact]
    public async Task The_last_use_of_a_key_never_goes_back()
    {
        await AgentAsync(key: 9);
        var id = (await KeyAsync(9)).Id;
        var at = Time.GetUtcNow();
        await Store.Credentials.KeysUsedAsync([new(id, at), new("gone", at)]);
        await Store.Credentials.KeysUsedAsync([new(id, at.AddMinutes(-1))]);
        (await KeyAsync(9)).LastUsedAt.ShouldBe(at);
    }

    [Fact]
    public async Task Certificates_are_found_by_their_hash_and_keep_the_first_revocation()
    {
        var agent = await AgentAsync(key: 9);
        var issued = new ClientCertificateRecord(Hash(50), agent.Id, Time.GetUtcNow(), Time.GetUtcNow().AddDays(365));
        await Store.Credentials.AddCertificateAsync(issued);
        var found = (await Store.Credentials.FindCertificateAsync(Hash(50)))!;
        (found with { Sha256 = issued.Sha256 }).ShouldBe(issued);
        (await Store.Credentials.FindCertificateAsync(Hash(51))).ShouldBeNull();

        await Store.Credentials.RevokeCertificateAsync(Hash(50));
        var revoked = Time.GetUtcNow();
        Time.Advance(TimeSpan.FromHours(1));
        await Store.Credentials.RevokeCertificateAsync(Hash(50));
        (await Store.Credentials.CertificatesAsync()).ShouldHaveSingleItem().RevokedAt.ShouldBe(revoked);
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Credentials.RevokeCertificateAsync(Hash(51)));
    }

    [Fact]
    public async Task Of_many_writes_at_the_same_time_each_is_all_or_nothing_by_itself()
    {
        var group = await GroupAsync();
        await Store.Access.AddTokenAsync(new EnrolmentToken(Hash(3), group.Id, Time.GetUtcNow().AddHours(1), false));
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(n => WriteAsync(n, group.Id)));
        for (var n = 0; n < results.Length; n++)
        {
            // Each fifth repeats a token that is there (a constraint of the database), each seventh changes what is not there.
            results[n]
                .ShouldBe(
                    n % 5 == 0 ? MetadataErrors.AlreadyThere
                        : n % 7 == 0 ? MetadataErrors.NotThere
                        : 0,
                    $"write {n}"
                );
        }

        await ReopenAsync();
        for (var n = 0; n < results.Length; n++)
        {
            (await Store.Settings.FindAsync($"n{n}")).ShouldBe(n % 5 == 0 || n % 7 == 0 ? null : $"{n}");
        }
    }

    [Fact]
    public async Task A_write_that_is_given_up_before_it_begins_is_not_done()
    {
        using var given = new CancellationTokenSource();
        await given.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => Store.Settings.SetAsync("a", "b", given.Token));
        (await Store.Settings.FindAsync("a")).ShouldBeNull();
    }

    private async Task<int> WriteAsync(int n, string groupId)
    {
        try
        {
            await (
                n % 5 == 0
                    ? Store.Access.AddTokenAsync(
                        new EnrolmentToken(Hash(3), groupId, Time.GetUtcNow().AddHours(1), false)
                    )
                : n % 7 == 0 ? Store.Access.RevokeAgentAsync("nobody")
                : Store.Settings.SetAsync($"n{n}", $"{n}")
            );
            return 0;
        }
        catch (Backup.Foundation.Errors.BackupException refused)
        {
            return refused.Number;
        }
    }

    [Fact]
    public async Task Monitoring_keeps_a_sample_a_minute_for_as_long_as_it_is_told_to()
    {
        var deployment = await DeploymentAsync();
        var other = await DeploymentAsync("mongodb://other");
        var keep = TimeSpan.FromMinutes(30);
        var begin = Time.GetUtcNow();
        await AddAsync(other, 99);
        for (byte n = 0; n < 100; n++)
        {
            await AddAsync(deployment, n);
            Time.Advance(TimeSpan.FromSeconds(60));
        }

        Time.Advance(TimeSpan.FromSeconds(-30));
        await AddAsync(deployment, 200);
        var kept = await Store.Monitoring.ListAsync(deployment.Id, begin);
        kept.Count.ShouldBe(30);
        kept[^1].Content.ShouldBe([200], "the last of a minute stands for it");
        kept[0].Content.ShouldBe([70]);
        (await Store.Monitoring.ListAsync(deployment.Id, Time.GetUtcNow().AddMinutes(-5))).Count.ShouldBe(6);
        (await Store.Monitoring.ListAsync(other.Id, begin)).ShouldHaveSingleItem().RawLength.ShouldBe(7);

        Task AddAsync(Deployment of, byte content) =>
            Store.Monitoring.AddAsync(new MonitoringRecord(of.Id, Time.GetUtcNow(), [content], 7), keep);
    }

    [Fact]
    public async Task Instances_are_counted_while_they_are_heard_of()
    {
        var silence = TimeSpan.FromSeconds(15);
        (await Store.Instances.SeenAsync("a", silence)).ShouldBe(1);
        (await Store.Instances.SeenAsync("b", silence)).ShouldBe(2);
        Time.Advance(TimeSpan.FromSeconds(10));
        (await Store.Instances.SeenAsync("a", silence)).ShouldBe(2);
        Time.Advance(TimeSpan.FromSeconds(10));
        (await Store.Instances.SeenAsync("a", silence)).ShouldBe(1, "b is silent");
        (await Store.Instances.SeenAsync("b", silence)).ShouldBe(2);
        await Store.Instances.LeaveAsync("a");
        await Store.Instances.LeaveAsync("a");
        (await Store.Instances.SeenAsync("b", silence)).ShouldBe(1);
    }

    private Task<AgentRecord?> EnrolAsync(byte token, byte key)
    {
        var agent = new AgentRecord(Guid.NewGuid().ToString("N"), "", "db1", "0.1.0", Time.GetUtcNow(), null, false);
        return Store.Access.EnrolAsync(Hash(token), agent, NewKey(agent, key, replaces: null));
    }

    private async Task<AgentRecord> AgentAsync(byte key, byte token = 1)
    {
        var group = await GroupAsync();
        await Store.Access.AddTokenAsync(
            new EnrolmentToken(Hash(token), group.Id, Time.GetUtcNow().AddHours(1), false)
        );
        return (await EnrolAsync(token, key))!;
    }

    private async Task<ApiKeyRecord> KeyAsync(byte key) => (await Store.Credentials.FindKeyAsync(Hash(key)))!.Key;

    private ApiKeyRecord NewKey(AgentRecord agent, byte key, string? replaces) =>
        new(
            Guid.NewGuid().ToString("N"),
            agent.GroupId,
            agent.Id,
            Hash(key),
            ApiKeyState.Pending,
            Time.GetUtcNow(),
            Replaces: replaces
        );
}
