import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.hive.ql.parse.ParseDriver;
import org.apache.hadoop.hive.ql.parse.ParseException;

/** Reads statements by Hive's own grammar, which Athena's DDL is written in: `java -cp 'hive/*' HiveParse.java a.sql b.sql`.
 *  A line `good FILE` or `bad FILE WHY` for each; exit code 1 if any is refused. */
public class HiveParse {
    public static void main(String[] files) throws Exception {
        int refused = 0;
        for (String file : files) {
            try {
                new ParseDriver().parse(Files.readString(Path.of(file)).strip());
                System.out.println("good " + file);
            } catch (ParseException error) {
                refused = 1;
                System.out.println("bad " + file + " " + error.getMessage().replace('\n', ' '));
            }
        }
        System.exit(refused);
    }
}
