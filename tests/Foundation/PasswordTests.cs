using Backup.Foundation.Secrets;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

public class PasswordTests
{
    private const string Email = "ada.lovelace@example.org";

    private static readonly PasswordHash Quick = new(rounds: 3);

    [Fact]
    public void A_stored_password_matches_itself_alone()
    {
        var stored = Quick.Make("a quiet river\u0000 in Ärmel");
        stored.ShouldNotContain("river");
        Quick.Make("a quiet river\u0000 in Ärmel").ShouldNotBe(stored, "each has a salt of its own");
        Quick.Matches(stored, "a quiet river\u0000 in Ärmel").ShouldBeTrue();
        foreach (var wrong in new[] { "", "a quiet river", "a quiet river\u0000 in ärmel", stored })
        {
            Quick.Matches(stored, wrong).ShouldBeFalse(wrong);
        }
    }

    [Fact]
    public void Nobody_has_a_password_that_matches() => Quick.Matches(null, "").ShouldBeFalse();

    /// <summary>What is stored today is read for ever. The hash was made with Python's hashlib.pbkdf2_hmac.</summary>
    [Fact]
    public void The_form_of_a_stored_password_is_frozen() =>
        Quick
            .Matches(
                "$pbkdf2-sha512$1000$AAECAwQFBgcICQoLDA0ODw==$Xpx07WjVx4vCIvrmBRj8uOoVVtGqJqtUv2J5bhizSQs=",
                "correct horse"
            )
            .ShouldBeTrue();

    [Fact]
    public void A_hash_of_fewer_rounds_is_to_be_made_anew()
    {
        var stored = Quick.Make("x");
        Quick.IsOutdated(stored).ShouldBeFalse();
        new PasswordHash(2).IsOutdated(stored).ShouldBeFalse("more are no harm");
        new PasswordHash(4).IsOutdated(stored).ShouldBeTrue();
        new PasswordHash(4).Matches(stored, "x").ShouldBeTrue();
        Quick.Make("x").Split('$')[2].ShouldBe("3");
        new PasswordHash().Make("x").ShouldStartWith("$pbkdf2-sha512$210000$");
    }

    [Theory]
    [InlineData("")]
    [InlineData("secret")]
    [InlineData("$pbkdf2-sha512$0$AAECAwQFBgcICQoLDA0ODw==$AAAA")]
    [InlineData("$pbkdf2-sha512$99999999999$AAECAwQFBgcICQoLDA0ODw==$AAAA")]
    [InlineData("$pbkdf2-sha512$1000$AAECAwQFBgcICQoLDA0ODw==$AAAA")]
    [InlineData("$pbkdf2-sha512$1000$!$!")]
    [InlineData("$scrypt$1000$AAECAwQFBgcICQoLDA0ODw==$AAAA")]
    public void What_is_no_stored_password_matches_nothing(string stored)
    {
        Quick.Matches(stored, "").ShouldBeFalse();
        Quick.Matches(stored, stored).ShouldBeFalse();
    }

    [Theory]
    [InlineData("short", "too short")]
    [InlineData("eleven char", "too short")]
    [InlineData("password1234", "tried first")]
    [InlineData("P@ssw0rd!2026", "tried first")]
    [InlineData("Password_Password", "tried first")]
    [InlineData("aaaaaaaaaaaa", "tried first")]
    [InlineData("123412341234", "tried first")]
    [InlineData("123456789012", "tried first")]
    [InlineData("lkjhgfdsapoiuytrewq", "tried first")]
    [InlineData("210987654321", "tried first")]
    [InlineData("correct horse battery staple", "tried first")]
    [InlineData("ada.lovelace2026!", "tried first")]
    [InlineData("my ADA.lovelace@example.org", "e-mail")]
    public void What_is_tried_first_is_refused(string password, string why) =>
        PasswordRules.Broken(password, Email).ShouldNotBeNull(password).ShouldContain(why);

    [Theory]
    [InlineData("seven otters sing")]
    [InlineData("xK9#mQ2$vL5p")]
    [InlineData("пароль с пробелами")]
    [InlineData("🦦🦦🐝🐝🦦🐝🌊")]
    public void Any_characters_will_do(string password) => PasswordRules.Broken(password, Email).ShouldBeNull();

    [Fact]
    public void A_password_is_no_novel()
    {
        var longest = string.Concat(Enumerable.Range(0, 64).Select(static n => $"{n * 7919 % 1000:000}x"));
        longest.Length.ShouldBe(PasswordRules.Longest);
        PasswordRules.Broken(longest, Email).ShouldBeNull();
        PasswordRules.Broken(longest + "y", Email)!.ShouldContain("too long");
    }
}
