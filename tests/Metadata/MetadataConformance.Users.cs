using Backup.Metadata;
using Backup.Metadata.People;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    private IPeople People => Store.People;

    [Fact]
    public async Task A_user_is_found_by_id_and_by_address_in_any_case()
    {
        var user = NewUser("Ada@Example.org") with { MustChange = true };
        (await People.Users.AnyAsync()).ShouldBeFalse();
        await People.Users.AddAsync(user);
        await People.Users.AddAsync(NewUser("bob@example.org"));
        await ReopenAsync();
        (await People.Users.AnyAsync()).ShouldBeTrue();
        (await People.Users.FindAsync(user.Id)).ShouldBe(user);
        (await People.Users.FindByEmailAsync(" aDA@example.ORG ")).ShouldBe(user);
        (await People.Users.FindByEmailAsync("ada@example.or")).ShouldBeNull();
        (await People.Users.ListAsync()).Select(static one => one.Name).ShouldBe(["Ada", "bob"]);
        await ShouldFailAsync(MetadataErrors.EmailTaken, () => People.Users.AddAsync(NewUser("ADA@EXAMPLE.ORG")));
        await ShouldFailAsync(MetadataErrors.NotThere, () => People.Users.SetNameAsync("nobody", "x"));
    }

    [Fact]
    public async Task The_first_user_is_added_once_with_the_newest_setup_token()
    {
        var group = await GroupAsync();
        await ShouldFailAsync(MetadataErrors.SetupOver, () => FirstAsync(1));
        await People.Users.SetSetupTokenAsync(Hash(1));
        await People.Users.SetSetupTokenAsync(Hash(2));
        await ShouldFailAsync(MetadataErrors.SetupOver, () => FirstAsync(1));
        await ShouldFailAsync(
            MetadataErrors.AlreadyThere,
            () => People.Users.AddFirstAsync(NewUser("a@b"), "no such group", Hash(2))
        );
        (await People.Users.AnyAsync()).ShouldBeFalse("all of it or nothing");
        await FirstAsync(2);
        var user = (await People.Users.FindByEmailAsync("first@example.org"))!;
        (await People.Memberships.RoleAsync(user.Id, group.Id)).ShouldBe(GroupRole.Owner);

        await ShouldFailAsync(MetadataErrors.SetupOver, () => FirstAsync(2));
        await People.Users.SetSetupTokenAsync(Hash(3));
        await ShouldFailAsync(MetadataErrors.SetupOver, () => FirstAsync(3));

        Task FirstAsync(byte token) => People.Users.AddFirstAsync(NewUser("first@example.org"), group.Id, Hash(token));
    }

    [Fact]
    public async Task Wrong_tries_in_a_row_lock_out_for_longer_and_longer()
    {
        var user = await UserAsync("a@example.org");
        for (var n = 0; n < 5; n++)
        {
            (await TryAsync()).ShouldBeNull();
        }

        foreach (var minutes in new[] { 1, 2, 4, 8, 15, 15 })
        {
            var until = Time.GetUtcNow() + TimeSpan.FromMinutes(minutes);
            (await TryAsync()).ShouldBe(until);
            Time.Advance(TimeSpan.FromMinutes(minutes) - TimeSpan.FromMilliseconds(1));
            (await TryAsync()).ShouldBe(until, "while it lasts nothing is counted");
            Time.Advance(TimeSpan.FromMilliseconds(1));
            (await TryAsync()).ShouldBeNull();
        }

        await ReopenAsync();
        (await TryAsync()).ShouldNotBeNull();
        await People.Users.UnlockAsync(user.Id);
        (await TryAsync()).ShouldBeNull();
        await People.Users.GoodTryAsync(user.Id, Time.GetUtcNow());
        var good = (await People.Users.FindAsync(user.Id))!;
        (good.FailedTries, good.LockedUntil, good.LastLoginAt).ShouldBe((0, null, Time.GetUtcNow()));
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => People.Users.BeginTryAsync("nobody", LockOutRule.Default, Time.GetUtcNow())
        );

        Task<DateTimeOffset?> TryAsync() => People.Users.BeginTryAsync(user.Id, LockOutRule.Default, Time.GetUtcNow());
    }

    [Fact]
    public async Task Tries_at_the_same_time_win_nothing()
    {
        var user = await UserAsync("a@example.org");
        var let = await Task.WhenAll(
            Enumerable
                .Range(0, 100)
                .Select(_ => People.Users.BeginTryAsync(user.Id, LockOutRule.Default, Time.GetUtcNow()))
        );
        let.Count(static until => until is null).ShouldBe(5);
    }

    [Fact]
    public async Task A_new_password_ends_all_sessions_but_one_and_the_lock_out()
    {
        var user = await UserAsync("a@example.org");
        var (kept, other) = (NewSession(user.Id, 1), NewSession(user.Id, 2));
        await People.Sessions.AddAsync(kept);
        await People.Sessions.AddAsync(other);
        for (var n = 0; n < 5; n++)
        {
            await People.Users.BeginTryAsync(user.Id, LockOutRule.Default, Time.GetUtcNow());
        }

        await People.Users.SetPasswordAsync(user.Id, "new", mustChange: true, kept.Id);
        var now = (await People.Users.FindAsync(user.Id))!;
        (now.PasswordHash, now.MustChange, now.FailedTries, now.LockedUntil).ShouldBe(("new", true, 0, null));
        (await People.Sessions.ListAsync(user.Id)).ShouldHaveSingleItem().Id.ShouldBe(kept.Id);
        await People.Users.SetPasswordAsync(user.Id, "newer", mustChange: false, keptSession: null);
        (await People.Sessions.ListAsync(user.Id)).ShouldBeEmpty();

        await People.Users.RehashAsync(user.Id, "new", "lost");
        await People.Users.RehashAsync(user.Id, "newer", "stronger");
        (await People.Users.FindAsync(user.Id))!.PasswordHash.ShouldBe("stronger");
    }

    [Fact]
    public async Task Somebody_who_may_log_in_always_administrates()
    {
        var (first, second) = (await UserAsync("a@example.org"), await UserAsync("b@example.org"));
        await People.Users.SetAdministratorAsync(first.Id, administrator: true);
        await ShouldFailAsync(
            MetadataErrors.LastAdministrator,
            () => People.Users.SetAdministratorAsync(first.Id, administrator: false)
        );
        await People.Sessions.AddAsync(NewSession(first.Id, 1));
        await ShouldFailAsync(
            MetadataErrors.LastAdministrator,
            () => People.Users.SetDisabledAsync(first.Id, Time.GetUtcNow())
        );
        (await People.Sessions.ListAsync(first.Id)).Count.ShouldBe(1, "nothing was changed");
        await People.Users.SetAdministratorAsync(second.Id, administrator: true);
        await People.Users.SetDisabledAsync(first.Id, Time.GetUtcNow());
        (await People.Users.FindAsync(first.Id))!.DisabledAt.ShouldBe(Time.GetUtcNow());
        (await People.Sessions.ListAsync(first.Id)).ShouldBeEmpty();
        await ShouldFailAsync(
            MetadataErrors.LastAdministrator,
            () => People.Users.SetAdministratorAsync(second.Id, administrator: false)
        );
        await People.Users.SetDisabledAsync(first.Id, null);
        await People.Users.SetAdministratorAsync(second.Id, administrator: false);
    }

    [Fact]
    public async Task A_second_factor_counts_once_it_is_confirmed_and_each_code_is_good_once()
    {
        var user = await UserAsync("a@example.org");
        await People.SecondFactors.OfferAsync(user.Id, [1]);
        await People.SecondFactors.OfferAsync(user.Id, [2]);
        (await People.Users.FindAsync(user.Id))!.HasTwoFactor.ShouldBeFalse();
        (await People.SecondFactors.ConfirmAsync(user.Id, [1], 7, [Hash(1)])).ShouldBeFalse();
        (await People.SecondFactors.ConfirmAsync(user.Id, [2], 7, [Hash(1), Hash(2)])).ShouldBeTrue();
        (await People.SecondFactors.ConfirmAsync(user.Id, [2], 7, [Hash(3)])).ShouldBeFalse("once");
        var found = (await People.Users.FindAsync(user.Id))!;
        (found.SealedTotp![0], found.TotpLastStep, found.SealedTotpOffer).ShouldBe(((byte)2, 7, null));

        (await People.SecondFactors.UseStepAsync(user.Id, 7)).ShouldBeFalse();
        (await People.SecondFactors.UseStepAsync(user.Id, 9)).ShouldBeTrue();
        (await People.SecondFactors.UseStepAsync(user.Id, 8)).ShouldBeFalse();
        (await People.SecondFactors.RecoveryCodesLeftAsync(user.Id)).ShouldBe(2);
        (await UseAsync(user.Id, 1)).ShouldBeTrue();
        (await UseAsync(user.Id, 1)).ShouldBeFalse();
        (await UseAsync((await UserAsync("b@example.org")).Id, 2)).ShouldBeFalse("it is another one's");
        (await People.SecondFactors.RecoveryCodesLeftAsync(user.Id)).ShouldBe(1);

        await People.SecondFactors.RemoveAsync(user.Id);
        (await People.Users.FindAsync(user.Id))!.HasTwoFactor.ShouldBeFalse();
        (await UseAsync(user.Id, 2)).ShouldBeFalse();
        await ShouldFailAsync(MetadataErrors.NotThere, () => People.SecondFactors.OfferAsync("nobody", [1]));

        Task<bool> UseAsync(string userId, byte code) =>
            People.SecondFactors.UseRecoveryCodeAsync(userId, Hash(code), Time.GetUtcNow());
    }

    private UserRecord NewUser(string email) =>
        new(Guid.NewGuid().ToString("N"), email, email.Split('@')[0], "hash", false, Time.GetUtcNow());

    private async Task<UserRecord> UserAsync(string email)
    {
        var user = NewUser(email);
        await People.Users.AddAsync(user);
        return user;
    }

    private SessionRecord NewSession(string userId, byte secret) =>
        new(
            Guid.NewGuid().ToString("N"),
            Hash(secret),
            userId,
            Time.GetUtcNow(),
            Time.GetUtcNow(),
            null,
            "10.0.0.1",
            "a browser",
            Time.GetUtcNow().AddDays(7)
        );
}
