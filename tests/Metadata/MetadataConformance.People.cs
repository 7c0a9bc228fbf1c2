using Backup.Metadata;
using Backup.Metadata.People;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task A_group_keeps_an_owner_who_may_log_in()
    {
        var group = await GroupAsync();
        var (ada, bob) = (await UserAsync("ada@example.org"), await UserAsync("bob@example.org"));
        var begin = Time.GetUtcNow();
        await SetAsync(bob, GroupRole.Viewer);
        await SetAsync(ada, GroupRole.Owner);
        Time.Advance(TimeSpan.FromHours(1));
        await ShouldFailAsync(MetadataErrors.LastOwner, () => SetAsync(ada, GroupRole.Operator));
        await ShouldFailAsync(MetadataErrors.LastOwner, () => People.Memberships.RemoveAsync(group.Id, ada.Id));
        (await People.Memberships.OfGroupAsync(group.Id))
            .Select(static member => (member.User.Name, member.Role, member.Since))
            .ShouldBe([("ada", GroupRole.Owner, begin), ("bob", GroupRole.Viewer, begin)]);

        await SetAsync(bob, GroupRole.Owner);
        await People.Users.SetAdministratorAsync(ada.Id, administrator: true);
        await People.Users.SetDisabledAsync(bob.Id, Time.GetUtcNow());
        await ShouldFailAsync(MetadataErrors.LastOwner, () => SetAsync(ada, GroupRole.Viewer));
        await People.Memberships.RemoveAsync(group.Id, bob.Id);
        (await People.Memberships.RoleAsync(bob.Id, group.Id)).ShouldBeNull();
        await ShouldFailAsync(MetadataErrors.NotThere, () => People.Memberships.RemoveAsync(group.Id, bob.Id));
        await ShouldFailAsync(
            MetadataErrors.AlreadyThere,
            () => People.Memberships.SetAsync("no group", ada.Id, GroupRole.Viewer, Time.GetUtcNow())
        );

        Task SetAsync(UserRecord user, GroupRole role) =>
            People.Memberships.SetAsync(group.Id, user.Id, role, Time.GetUtcNow());
    }

    [Fact]
    public async Task Groups_have_names_of_their_own_and_a_first_owner()
    {
        var user = await UserAsync("ada@example.org");
        var first = await GroupAsync();
        var second = new Group(Guid.NewGuid().ToString("N"), "second", Time.GetUtcNow());
        await ShouldFailAsync(
            MetadataErrors.GroupNameTaken,
            () => People.Memberships.AddGroupAsync(second with { Name = first.Name }, user.Id)
        );
        await ShouldFailAsync(
            MetadataErrors.AlreadyThere,
            () => People.Memberships.AddGroupAsync(second, "no such user")
        );
        await People.Memberships.AddGroupAsync(second, user.Id);
        (await People.Memberships.OfUserAsync(user.Id)).ShouldBe([
            new MembershipRecord(user.Id, second, GroupRole.Owner, Time.GetUtcNow()),
        ]);
        await ShouldFailAsync(
            MetadataErrors.GroupNameTaken,
            () => People.Memberships.RenameGroupAsync(second.Id, first.Name)
        );
        await People.Memberships.RenameGroupAsync(second.Id, second.Name);
        await People.Memberships.RenameGroupAsync(second.Id, "third");
        (await Store.Access.GroupsAsync()).ShouldContain(second with { Name = "third" });
        await ShouldFailAsync(MetadataErrors.NotThere, () => People.Memberships.RenameGroupAsync("none", "x"));
    }

    [Fact]
    public async Task An_invitation_is_good_once_for_its_address_and_its_time()
    {
        var group = await GroupAsync();
        var invitation = NewInvitation(group.Id, 1, "Ada@example.org");
        await People.Invitations.AddAsync(invitation);
        await ReopenAsync();
        var found = (await People.Invitations.FindAsync(Hash(1)))!;
        (found with { SecretHash = invitation.SecretHash }).ShouldBe(invitation);
        (await People.Invitations.FindAsync(Hash(2))).ShouldBeNull();

        await ShouldBeOverAsync(2, NewUser("ada@example.org"));
        await ShouldBeOverAsync(1, NewUser("eve@example.org"));
        var ada = NewUser("ada@example.org");
        await People.Invitations.AcceptAsync(Hash(1), ada, Time.GetUtcNow());
        (await People.Memberships.RoleAsync(ada.Id, group.Id)).ShouldBe(GroupRole.Restorer);
        await ShouldBeOverAsync(1, ada);
        (await People.Invitations.OpenAsync(group.Id, Time.GetUtcNow())).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_invitation_ends_with_its_time_or_when_it_is_revoked()
    {
        var group = await GroupAsync();
        var other = await Store.Access.EnsureGroupAsync("other");
        var (late, revoked) = (NewInvitation(group.Id, 1, "a@b"), NewInvitation(group.Id, 2, "a@b"));
        await People.Invitations.AddAsync(late);
        await People.Invitations.AddAsync(revoked);
        (await People.Invitations.OpenAsync(group.Id, Time.GetUtcNow())).Count.ShouldBe(2);
        (await People.Invitations.OpenAsync(other.Id, Time.GetUtcNow())).ShouldBeEmpty();
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => People.Invitations.RevokeAsync(other.Id, revoked.Id, Time.GetUtcNow())
        );
        await People.Invitations.RevokeAsync(group.Id, revoked.Id, Time.GetUtcNow());
        await ShouldBeOverAsync(2, NewUser("a@b"));
        (await People.Invitations.OpenAsync(group.Id, Time.GetUtcNow())).ShouldHaveSingleItem().Id.ShouldBe(late.Id);
        Time.Advance(late.ExpiresAt - Time.GetUtcNow());
        await ShouldBeOverAsync(1, NewUser("a@b"));
        (await People.Users.AnyAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task Who_is_a_member_already_stays_what_they_are()
    {
        var group = await GroupAsync();
        var user = await UserAsync("ada@example.org");
        await People.Memberships.SetAsync(group.Id, user.Id, GroupRole.Owner, Time.GetUtcNow());
        await People.Invitations.AddAsync(NewInvitation(group.Id, 1, user.Email));
        await People.Invitations.AcceptAsync(Hash(1), user, Time.GetUtcNow());
        (await People.Memberships.RoleAsync(user.Id, group.Id)).ShouldBe(GroupRole.Owner);
        await People.Invitations.AddAsync(NewInvitation(group.Id, 2, user.Email));
        await ShouldFailAsync(
            MetadataErrors.EmailTaken,
            () => People.Invitations.AcceptAsync(Hash(2), NewUser(user.Email), Time.GetUtcNow())
        );
        (await People.Invitations.FindAsync(Hash(2)))!.EndedAt.ShouldBeNull("nothing was changed");
    }

    [Fact]
    public async Task Sessions_are_found_by_their_secret_until_they_end()
    {
        var user = await UserAsync("ada@example.org");
        var session = NewSession(user.Id, 1);
        await People.Sessions.AddAsync(session);
        await ReopenAsync();
        var found = (await People.Sessions.FindAsync(Hash(1)))!;
        (found.Session with { SecretHash = session.SecretHash }).ShouldBe(session);
        found.User.ShouldBe(user);
        (await People.Sessions.FindAsync(Hash(2))).ShouldBeNull();

        Time.Advance(TimeSpan.FromMinutes(5));
        await People.Sessions.SeenAsync(session.Id, Time.GetUtcNow(), "10.0.0.2");
        await People.Sessions.SeenAsync(session.Id, Time.GetUtcNow().AddMinutes(-1), "10.0.0.3");
        (await People.Sessions.ConfirmAsync(session.Id, Time.GetUtcNow())).ShouldBeTrue();
        var seen = (await People.Sessions.FindAsync(Hash(1)))!.Session;
        (seen.LastSeenAt, seen.Address, seen.ConfirmedAt).ShouldBe((Time.GetUtcNow(), "10.0.0.2", Time.GetUtcNow()));

        (await People.Sessions.EndAsync("another user", session.Id)).ShouldBeFalse();
        (await People.Sessions.EndAsync(user.Id, session.Id)).ShouldBeTrue();
        (await People.Sessions.FindAsync(Hash(1))).ShouldBeNull();
        (await People.Sessions.ConfirmAsync(session.Id, Time.GetUtcNow())).ShouldBeFalse();
        await ShouldFailAsync(MetadataErrors.AlreadyThere, () => People.Sessions.AddAsync(NewSession("nobody", 3)));
    }

    [Fact]
    public async Task Sessions_that_are_over_or_idle_are_removed()
    {
        var user = await UserAsync("ada@example.org");
        var now = Time.GetUtcNow();
        await People.Sessions.AddAsync(NewSession(user.Id, 1) with { ExpiresAt = now });
        await People.Sessions.AddAsync(NewSession(user.Id, 2) with { LastSeenAt = now.AddHours(-12) });
        await People.Sessions.AddAsync(NewSession(user.Id, 3));
        (await People.Sessions.RemoveExpiredAsync(now, now.AddHours(-12))).ShouldBe(2);
        (await People.Sessions.ListAsync(user.Id)).ShouldHaveSingleItem().SecretHash.ShouldBe(Hash(3));
        await People.Sessions.AddAsync(NewSession(user.Id, 4));
        (await People.Sessions.EndAllAsync(user.Id, kept: null)).ShouldBe(2);
    }

    [Fact]
    public async Task A_token_is_its_groups_until_it_is_revoked_or_its_time_is_over()
    {
        var group = await GroupAsync();
        var other = await Store.Access.EnsureGroupAsync("other");
        var now = Time.GetUtcNow();
        var token = new ApiTokenRecord("t1", Hash(1), group.Id, GroupRole.Operator, "cron", "ada", now, now.AddDays(1));
        await People.Tokens.AddAsync(token);
        await People.Tokens.UsedAsync("t1", now.AddMinutes(2));
        await People.Tokens.UsedAsync("t1", now.AddMinutes(1));
        await ReopenAsync();
        var found = (await People.Tokens.FindAsync(Hash(1)))!;
        (found with { SecretHash = token.SecretHash }).ShouldBe(token with { LastUsedAt = now.AddMinutes(2) });
        (await People.Tokens.FindAsync(Hash(2))).ShouldBeNull();
        (await People.Tokens.ListAsync(other.Id)).ShouldBeEmpty();
        (
            found.IsGood(now),
            found.IsGood(now.AddDays(1)),
            (found with { ExpiresAt = null }).IsGood(now.AddYears(9))
        ).ShouldBe((true, false, true));

        await ShouldFailAsync(MetadataErrors.NotThere, () => People.Tokens.RevokeAsync(other.Id, "t1", now));
        await People.Tokens.RevokeAsync(group.Id, "t1", now.AddMinutes(3));
        await People.Tokens.RevokeAsync(group.Id, "t1", now.AddMinutes(4));
        var revoked = (await People.Tokens.ListAsync(group.Id)).ShouldHaveSingleItem();
        (revoked.RevokedAt, revoked.IsGood(now)).ShouldBe((now.AddMinutes(3), false));
    }

    [Fact]
    public async Task Invitations_and_tokens_that_have_been_over_for_long_go_when_the_next_one_is_made()
    {
        var group = await GroupAsync();
        var begin = Time.GetUtcNow();
        await People.Invitations.AddAsync(NewInvitation(group.Id, 1, "a@b"));
        var revoked = NewInvitation(group.Id, 2, "c@d");
        await People.Invitations.AddAsync(revoked);
        await People.Invitations.RevokeAsync(group.Id, revoked.Id, begin);
        var forever = new ApiTokenRecord("t1", Hash(1), group.Id, GroupRole.Operator, "cron", "ada", begin, null);
        await People.Tokens.AddAsync(forever);
        await People.Tokens.AddAsync(forever with { Id = "t2", SecretHash = Hash(2), ExpiresAt = begin.AddDays(3) });
        await People.Tokens.AddAsync(forever with { Id = "t3", SecretHash = Hash(3) });
        await People.Tokens.RevokeAsync(group.Id, "t3", begin);

        Time.Advance(IInvitations.Kept);
        await People.Invitations.AddAsync(NewInvitation(group.Id, 3, "e@f"));
        await People.Tokens.AddAsync(forever with { Id = "t4", SecretHash = Hash(4), CreatedAt = Time.GetUtcNow() });

        (await People.Invitations.FindAsync(Hash(1))).ShouldNotBeNull("it was good for three days");
        (await People.Invitations.FindAsync(Hash(2))).ShouldBeNull();
        (await People.Tokens.ListAsync(group.Id)).Select(static one => one.Id).ShouldBe(["t4", "t1", "t2"]);
        Time.Advance(TimeSpan.FromDays(3));
        await People.Invitations.AddAsync(NewInvitation(group.Id, 4, "g@h"));
        (await People.Invitations.FindAsync(Hash(1))).ShouldBeNull();
        (await People.Invitations.FindAsync(Hash(3))).ShouldNotBeNull();
    }

    private InvitationRecord NewInvitation(string groupId, byte secret, string email) =>
        new(
            Guid.NewGuid().ToString("N"),
            Hash(secret),
            groupId,
            GroupRole.Restorer,
            email,
            "ada",
            Time.GetUtcNow(),
            Time.GetUtcNow().AddDays(3)
        );

    private Task ShouldBeOverAsync(byte secret, UserRecord user) =>
        ShouldFailAsync(
            MetadataErrors.InvitationOver,
            () => People.Invitations.AcceptAsync(Hash(secret), user, Time.GetUtcNow())
        );
}
