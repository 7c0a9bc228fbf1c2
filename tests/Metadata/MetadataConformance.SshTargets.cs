using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task Ssh_targets_and_keys_are_kept_by_group_and_name()
    {
        var group = await GroupAsync();
        var key = NewSshKey(group.Id, "offsite");
        var byKey = NewSshTarget(group.Id, "vault") with { KeyId = key.Id };
        var byPassword = NewSshTarget(group.Id, "attic") with { SealedPassword = [0, 1, 255] };
        await Store.SshTargets.AddKeyAsync(key);
        await Store.SshTargets.AddTargetAsync(byKey);
        await Store.SshTargets.AddTargetAsync(byPassword);
        await ReopenAsync();

        var found = (await Store.SshTargets.KeysAsync(group.Id)).ShouldHaveSingleItem();
        found.SealedKey.ShouldBe(key.SealedKey);
        (found with { SealedKey = key.SealedKey }).ShouldBe(key);
        var targets = await Store.SshTargets.TargetsAsync(group.Id);
        targets.Select(target => target.Name).ShouldBe(["attic", "vault"]);
        targets[0].SealedPassword.ShouldBe(byPassword.SealedPassword);
        (targets[0] with { SealedPassword = byPassword.SealedPassword }).ShouldBe(byPassword);
        targets[1].ShouldBe(byKey);

        var other = await Store.Access.EnsureGroupAsync("another");
        (await Store.SshTargets.KeysAsync(other.Id)).ShouldBeEmpty();
        (await Store.SshTargets.TargetsAsync(other.Id)).ShouldBeEmpty();
        await Store.SshTargets.AddTargetAsync(NewSshTarget(other.Id, "vault"));
    }

    [Fact]
    public async Task A_name_of_a_target_or_key_stands_for_one()
    {
        var group = await GroupAsync();
        await Store.SshTargets.AddKeyAsync(NewSshKey(group.Id, "offsite"));
        await Store.SshTargets.AddTargetAsync(NewSshTarget(group.Id, "vault"));
        await ShouldFailAsync(
            MetadataErrors.AlreadyThere,
            () => Store.SshTargets.AddKeyAsync(NewSshKey(group.Id, "offsite"))
        );
        await ShouldFailAsync(
            MetadataErrors.AlreadyThere,
            () => Store.SshTargets.AddTargetAsync(NewSshTarget(group.Id, "vault"))
        );
        await ShouldFailAsync(
            MetadataErrors.AlreadyThere,
            () => Store.SshTargets.AddTargetAsync(NewSshTarget(group.Id, "new") with { KeyId = "none" })
        );
    }

    [Fact]
    public async Task A_key_stays_as_long_as_a_target_uses_it()
    {
        var group = await GroupAsync();
        var key = NewSshKey(group.Id, "offsite");
        var target = NewSshTarget(group.Id, "vault") with { KeyId = key.Id };
        await Store.SshTargets.AddKeyAsync(key);
        await Store.SshTargets.AddTargetAsync(target);
        (await Store.SshTargets.RemoveKeyAsync(key.Id)).ShouldBeFalse();
        (await Store.SshTargets.KeysAsync(group.Id)).Count.ShouldBe(1);

        await Store.SshTargets.RemoveTargetAsync(target.Id);
        (await Store.SshTargets.RemoveKeyAsync(key.Id)).ShouldBeTrue();
        (await Store.SshTargets.KeysAsync(group.Id)).ShouldBeEmpty();
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.SshTargets.RemoveKeyAsync(key.Id));
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.SshTargets.RemoveTargetAsync(target.Id));
    }

    private SshKeyRecord NewSshKey(string groupId, string name) =>
        new(Guid.NewGuid().ToString("N"), groupId, name, "ssh-ed25519 AAAA backup", [9, 0, 7], Time.GetUtcNow());

    private SshTargetRecord NewSshTarget(string groupId, string name) =>
        new(
            Guid.NewGuid().ToString("N"),
            groupId,
            name,
            "keeper",
            "vault.example.org",
            2222,
            "/backups",
            "ssh-ed25519 AAAAC3",
            KeyId: null,
            SealedPassword: null,
            Time.GetUtcNow()
        );
}
