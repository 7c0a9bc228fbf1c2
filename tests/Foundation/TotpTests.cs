using Backup.Foundation.Secrets;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

public class TotpTests
{
    private static readonly byte[] Secret = "12345678901234567890"u8.ToArray();

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_010);

    /// <summary>RFC 6238, appendix B, SHA-1; the last six of its eight digits.</summary>
    [Theory]
    [InlineData(59, "94287082")]
    [InlineData(1111111109, "07081804")]
    [InlineData(1111111111, "14050471")]
    [InlineData(1234567890, "89005924")]
    [InlineData(2000000000, "69279037")]
    [InlineData(20000000000, "65353130")]
    public void The_codes_are_those_of_the_standard(long seconds, string code)
    {
        var at = DateTimeOffset.FromUnixTimeSeconds(seconds);
        Totp.Code(Secret, Totp.StepAt(at)).ShouldBe(code[2..]);
        Totp.Match(Secret, code[2..], at, lastStep: null).ShouldBe(Totp.StepAt(at));
    }

    /// <summary>RFC 4226, appendix D.</summary>
    [Fact]
    public void The_codes_of_the_first_counters_are_those_of_the_standard() =>
        Enumerable
            .Range(0, 10)
            .Select(static counter => Totp.Code(Secret, counter))
            .ShouldBe([
                "755224",
                "287082",
                "359152",
                "969429",
                "338314",
                "254676",
                "287922",
                "162583",
                "399871",
                "520489",
            ]);

    [Fact]
    public void A_clock_may_be_one_step_off_and_no_more()
    {
        var step = Totp.StepAt(Now);
        for (var off = -3; off <= 3; off++)
        {
            var found = Totp.Match(Secret, Totp.Code(Secret, step + off), Now, lastStep: null);
            found.ShouldBe(Math.Abs(off) <= 1 ? step + off : null, $"{off} steps off");
        }
    }

    [Fact]
    public void A_code_is_not_good_once_it_or_a_later_one_was_used()
    {
        var step = Totp.StepAt(Now);
        Totp.Match(Secret, Totp.Code(Secret, step), Now, step - 1).ShouldBe(step);
        Totp.Match(Secret, Totp.Code(Secret, step), Now, step).ShouldBeNull();
        Totp.Match(Secret, Totp.Code(Secret, step), Now, step + 1).ShouldBeNull();
    }

    [Fact]
    public void What_is_no_code_matches_nothing()
    {
        var code = Totp.Code(Secret, Totp.StepAt(Now));
        Totp.Match(Secret, $" {code[..3]} {code[3..]} ", Now, null).ShouldNotBeNull();
        foreach (var wrong in new[] { "", code[..5], code + "0", "0" + code, "abcdef", new string('1', 5000), "\0" })
        {
            Totp.Match(Secret, wrong, Now, null).ShouldBeNull(wrong);
        }
    }

    /// <summary>RFC 4648, section 10, without its padding.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Base32_is_that_of_the_standard(string text, string wanted) =>
        Totp.Base32(System.Text.Encoding.ASCII.GetBytes(text)).ShouldBe(wanted);

    [Fact]
    public void The_uri_names_issuer_and_account() =>
        Totp.Uri("Backup of shop", "ada@example.org", Secret)
            .ShouldBe(
                "otpauth://totp/Backup%20of%20shop:ada%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Backup%20of%20shop&algorithm=SHA1&digits=6&period=30"
            );
}
