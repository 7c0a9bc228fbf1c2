using System.Net;
using System.Text.RegularExpressions;
using Backup.WebUI.Frame;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

public class ErrorPageTests
{
    [Fact]
    public async Task The_type_of_a_problem_is_a_page_that_explains_it()
    {
        await using var scene = await WebScene.StartAsync();
        using var refused = await scene.Http.GetAsync("/api/v1/nothing");
        var type = System
            .Text.Json.JsonDocument.Parse(await refused.Content.ReadAsStringAsync())
            .RootElement.GetProperty("type")
            .GetString()!;
        var (path, anchor) = (type.Split('#')[0], type.Split('#')[1]);

        using var answer = await scene.Http.GetAsync(path);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        var page = await answer.Content.ReadAsStringAsync();
        page.ShouldContain($"<tr id=\"{anchor}\">");
        page.ShouldNotContain("<script");
        var stylesheet = Regex
            .Match(page, "href=\"([^\"]+)\"", RegexOptions.None, TimeSpan.FromSeconds(1))
            .Groups[1]
            .Value;
        using var style = await scene.Http.GetAsync(stylesheet);
        style.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public void A_number_with_several_texts_is_one_anchor_and_what_texts_hold_is_text()
    {
        var page = ErrorPage.Page(
            """
            # Errors

            | code | name | message | what to do |
            |---|---|---|---|
            | BK1 | A | a &lt;script>alert(1)&lt;/script> \| b | "c" & d |
            | BK1 | A | another | way |

            Some *words*.
            """,
            "/assets/1/app.css"
        );

        Regex.Count(page, "id=\"BK1\"").ShouldBe(1);
        page.ShouldContain("<td>a &lt;script&gt;alert(1)&lt;/script&gt; | b</td><td>&quot;c&quot; &amp; d</td>");
        page.ShouldContain("</table>\n<p>Some *words*.</p>");
        page.ShouldNotContain("---");
    }
}
